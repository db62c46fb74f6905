//! The form of a column in the files of earlier versions, up to 1.1: it is read, and the fingerprint
//! of the data is made of it, so that a training that was begun then is gone on with.

use serde::{Deserialize, Serialize};

use crate::sections::MissingValues;
use crate::transforms::{
    Booleans, Classes, Encoding, Fill, Indicators, Labels, Normal, OneOrSeveral, Scaling, Stretch,
};

/// A column in either form.
#[derive(Deserialize)]
pub(crate) struct Before {
    pub(super) name: String,
    transform: Option<OldTransform>,
    #[serde(default)]
    encode: Option<Encoding>,
    #[serde(default)]
    scale: WrittenScale,
    #[serde(default)]
    scales: Vec<WrittenScale>,
    #[serde(default)]
    pub(super) missing: Option<Fill>,
    #[serde(default)]
    pub(super) missing_values: MissingValues,
    #[serde(default)]
    pub(super) indicator: bool,
}

/// One scaling or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenScale {
    One(Scaling),
    Several(Vec<Scaling>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldTransform {
    Number { scaling: OldScaling },
    Label { classes: Classes, scaling: OldScaling },
    OneHot { classes: Classes },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldScaling {
    None,
    MinMax(Stretch),
    Standard(Normal),
}

/// A column as the first versions wrote it.
#[derive(Serialize)]
pub(crate) struct OldColumn<'a> {
    name: &'a str,
    transform: OldTransform,
}

impl Before {
    /// Its encoding, and how it is scaled.
    pub(super) fn take_steps(&mut self) -> (Option<Encoding>, OneOrSeveral<Scaling>) {
        let (encode, scale) = (self.encode.take(), std::mem::take(&mut self.scale));
        match self.transform.take() {
            None => (encode, scale.into()),
            Some(OldTransform::Number { scaling }) => (None, scaling.into()),
            Some(OldTransform::Label { classes, scaling }) => {
                let encode = if classes.are_booleans() {
                    Encoding::Boolean(Booleans(classes))
                } else {
                    Encoding::Label(Labels(classes))
                };
                (Some(encode), scaling.into())
            }
            Some(OldTransform::OneHot { classes }) => {
                (Some(Encoding::OneHot(Indicators(classes))), OneOrSeveral::default())
            }
        }
    }

    /// How each of its numbers is scaled, where a cell becomes several.
    pub(super) fn take_scales(&mut self) -> Vec<OneOrSeveral<Scaling>> {
        std::mem::take(&mut self.scales).into_iter().map(OneOrSeveral::from).collect()
    }
}

impl Default for WrittenScale {
    fn default() -> Self {
        WrittenScale::Several(Vec::new())
    }
}

impl From<WrittenScale> for OneOrSeveral<Scaling> {
    fn from(written: WrittenScale) -> OneOrSeveral<Scaling> {
        match written {
            WrittenScale::One(one) => OneOrSeveral::new([one]),
            WrittenScale::Several(several) => OneOrSeveral::new(several),
        }
    }
}

impl From<OldScaling> for OneOrSeveral<Scaling> {
    fn from(old: OldScaling) -> OneOrSeveral<Scaling> {
        OneOrSeveral::new([match old {
            OldScaling::None => Scaling::default(),
            OldScaling::MinMax(own) => Scaling::MinMax(own),
            OldScaling::Standard(own) => Scaling::Standard(own),
        }])
    }
}

impl<'a> OldColumn<'a> {
    /// A column in the first form, where that has its transform.
    #[allow(clippy::match_wildcard_for_single_variants)] // what comes later has no first form
    pub(super) fn of(
        name: &'a str,
        encode: Option<&Encoding>,
        scale: &OneOrSeveral<Scaling>,
    ) -> Option<OldColumn<'a>> {
        let scaling = match scale.steps() {
            [] => OldScaling::None,
            [Scaling::MinMax(own)] => OldScaling::MinMax(own.clone()),
            [Scaling::Standard(own)] => OldScaling::Standard(own.clone()),
            _ => return None,
        };
        let transform = match encode {
            None => OldTransform::Number { scaling },
            Some(Encoding::Label(Labels(classes)) | Encoding::Boolean(Booleans(classes))) => {
                OldTransform::Label { classes: classes.without_rule()?, scaling }
            }
            Some(Encoding::OneHot(Indicators(classes))) => {
                OldTransform::OneHot { classes: classes.without_rule()? }
            }
            Some(_) => return None,
        };
        Some(OldColumn { name, transform })
    }
}
