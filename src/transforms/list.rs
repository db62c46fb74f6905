//! The macros that make the two lists. From a line `MinMax: "min_max";` come the configuration as it
//! is read and written, with its schema, and what the model file holds: `{"min_max": {…}}`.

/// The configuration of a list: an enum with a variant for each line.
macro_rules! configuration {
    ($(#[doc = $about:literal])* $list:ident, $noun:literal; $($kind:ident: $name:literal;)*) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(rename = $noun)]
        pub enum $list {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $kind($kind),)*
        }

        impl $list {
            /// Its name.
            pub fn name(&self) -> &'static str {
                match self {
                    $($list::$kind(_) => $name,)*
                }
            }

            /// What is wrong with its arguments; the place is relative to its own.
            pub(crate) fn check(&self) -> Result<(), Problem> {
                match self {
                    $($list::$kind(own) => own.check(),)*
                }
            }
        }

        $(impl From<$kind> for $list {
            fn from(own: $kind) -> $list {
                $list::$kind(own)
            }
        })*

        impl Serialize for $list {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $($list::$kind(own) if is_bare(own) => serializer.serialize_str($name),)*
                    $($list::$kind(own) => serializer.collect_map([($name, own)]),)*
                }
            }
        }

        impl JsonSchema for $list {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $noun.into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let kinds = [$(($name, $kind::json_schema(generator))),*];
                schema(concat!($($about),*), &kinds)
            }
        }
    };
}

/// The list of scalings, what is gathered for them, and what they are once they are fitted.
macro_rules! scalers {
    ($($kind:ident: $name:literal;)*) => {
        configuration! {
            /// How a column of numbers is scaled, with statistics computed on the training part.
            Scale, "scaling"; $($kind: $name;)*
        }

        /// What is gathered of a column that is scaled.
        #[derive(Clone)]
        pub(crate) enum ScaleStatistics {
            $($kind(<$kind as Scaler>::Statistics),)*
        }

        /// How the numbers of a column are scaled, once its statistics are known.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(crate) enum Scaling {
            $(#[serde(rename = $name)] $kind(<$kind as Scaler>::Fitted),)*
        }

        impl Scale {
            pub(crate) fn has_inverse(&self) -> bool {
                match self {
                    $(Scale::$kind(own) => own.has_inverse(),)*
                }
            }

            pub(crate) fn statistics(&self) -> ScaleStatistics {
                match self {
                    $(Scale::$kind(own) => ScaleStatistics::$kind(own.statistics()),)*
                }
            }

            pub(crate) fn takes(&self, gathered: &ScaleStatistics) -> Result<(), Problem> {
                match (self, gathered) {
                    $((Scale::$kind(own), ScaleStatistics::$kind(all)) => own.takes(all),)*
                    _ => Ok(()), // they are always its own
                }
            }

            pub(crate) fn fit(&self, gathered: &ScaleStatistics) -> Scaling {
                match (self, gathered) {
                    $((Scale::$kind(own), ScaleStatistics::$kind(all)) => Scaling::$kind(own.fit(all)),)*
                    _ => self.fit(&self.statistics()), // they are always its own
                }
            }
        }

        impl Statistics for ScaleStatistics {
            fn see(&mut self, numbers: &[f64]) {
                match self {
                    $(ScaleStatistics::$kind(own) => own.see(numbers),)*
                }
            }

            fn merge(&mut self, next: &ScaleStatistics) {
                match (self, next) {
                    $((ScaleStatistics::$kind(own), ScaleStatistics::$kind(next)) => own.merge(next),)*
                    _ => {} // they are of one column
                }
            }

            fn wants_another_pass(&mut self) -> bool {
                match self {
                    $(ScaleStatistics::$kind(own) => own.wants_another_pass(),)*
                }
            }
        }

        impl Scaled for Scaling {
            fn apply(&self, numbers: &mut [f64]) {
                match self {
                    $(Scaling::$kind(own) => own.apply(numbers),)*
                }
            }

            fn inverse(&self) -> Option<Inverse> {
                match self {
                    $(Scaling::$kind(own) => own.inverse(),)*
                }
            }

            fn export(&self) -> Option<Primitive<'_>> {
                match self {
                    $(Scaling::$kind(own) => own.export(),)*
                }
            }
        }
    };
}

/// The list of encodings, and what they are once they are fitted.
macro_rules! encoders {
    ($($kind:ident: $name:literal;)*) => {
        configuration! {
            /// How categories are encoded. Classes are sorted as numbers if all of them are numbers,
            /// else by bytes.
            Encode, "encoding"; $($kind: $name;)*
        }

        /// How the texts of a column are encoded, once the training part is known.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(crate) enum Encoding {
            $(#[serde(rename = $name)] $kind(<$kind as Encoder>::Fitted),)*
        }

        impl Encode {
            pub(crate) fn may_be_scaled(&self) -> bool {
                match self {
                    $(Encode::$kind(own) => own.may_be_scaled(),)*
                }
            }

            pub(crate) fn may_be_target(&self) -> bool {
                match self {
                    $(Encode::$kind(own) => own.may_be_target(),)*
                }
            }

            pub(crate) fn takes_numbers(&self) -> bool {
                match self {
                    $(Encode::$kind(own) => own.takes_numbers(),)*
                }
            }

            pub(crate) fn separator(&self) -> Option<&str> {
                match self {
                    $(Encode::$kind(own) => Encoder::separator(own),)*
                }
            }

            pub(crate) fn unknown(&self) -> &'static [Unknown] {
                match self {
                    $(Encode::$kind(own) => own.unknown(),)*
                }
            }

            pub(crate) fn fit(&self, met: &Met<'_>) -> Encoding {
                match self {
                    $(Encode::$kind(own) => Encoding::$kind(own.fit(met)),)*
                }
            }
        }

        impl Encoded for Encoding {
            fn count(&self) -> usize {
                match self {
                    $(Encoding::$kind(own) => own.count(),)*
                }
            }

            fn index(&self, text: &str) -> Option<usize> {
                match self {
                    $(Encoding::$kind(own) => own.index(text),)*
                }
            }

            fn bin(&self, number: f64) -> usize {
                match self {
                    $(Encoding::$kind(own) => own.bin(number),)*
                }
            }

            fn reads_numbers(&self) -> bool {
                match self {
                    $(Encoding::$kind(own) => own.reads_numbers(),)*
                }
            }

            fn separator(&self) -> Option<&str> {
                match self {
                    $(Encoding::$kind(own) => Encoded::separator(own),)*
                }
            }

            fn is_one_hot(&self) -> bool {
                match self {
                    $(Encoding::$kind(own) => own.is_one_hot(),)*
                }
            }

            fn width(&self) -> usize {
                match self {
                    $(Encoding::$kind(own) => own.width(),)*
                }
            }

            fn parts(&self) -> Vec<String> {
                match self {
                    $(Encoding::$kind(own) => own.parts(),)*
                }
            }

            fn ids(&self) -> Option<usize> {
                match self {
                    $(Encoding::$kind(own) => own.ids(),)*
                }
            }

            fn has_numbers(&self) -> bool {
                match self {
                    $(Encoding::$kind(own) => own.has_numbers(),)*
                }
            }

            fn image(&self) -> Option<&ImageConfig> {
                match self {
                    $(Encoding::$kind(own) => own.image(),)*
                }
            }

            fn numbers(&self, text: &str, out: &mut [f64]) -> bool {
                match self {
                    $(Encoding::$kind(own) => own.numbers(text, out),)*
                }
            }

            fn classes(&self) -> Option<&Classes> {
                match self {
                    $(Encoding::$kind(own) => own.classes(),)*
                }
            }

            fn is_known(&self, text: &str) -> bool {
                match self {
                    $(Encoding::$kind(own) => own.is_known(text),)*
                }
            }

            fn refusal(&self, text: &str) -> Problem {
                match self {
                    $(Encoding::$kind(own) => own.refusal(text),)*
                }
            }

            fn export(&self) -> Primitive<'_> {
                match self {
                    $(Encoding::$kind(own) => own.export(),)*
                }
            }
        }
    };
}
