//! Python's expressions, as far as code with literal arguments needs them.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// `None`
    None,
    /// `True`
    Bool(bool),
    /// `8`
    Int(i64),
    /// `1e-3`
    Float(f64),
    /// `"relu"`
    Text(String),
    /// `f"dense_{i}"`: texts and holes.
    Pattern(Vec<Expression>),
    /// `[1, 2]`, and tuples.
    List(Vec<Expression>),
    /// `{0: 1.0}`; `**other` has no key.
    Dict(Vec<(Option<Expression>, Expression)>),
    /// `model`
    Name(String),
    /// `*layers`
    Starred(Box<Expression>),
    /// `keras.layers.Dense(8)`: a value and what stands behind it.
    Postfix(Box<Expression>, Vec<Suffix>),
    /// `a + b - c`, `a * b`, `a ** b`: the first, and signs with the others.
    Arithmetic(Box<Expression>, Vec<(&'static str, Expression)>),
    /// `-a`
    Negative(Box<Expression>),
    /// `not a`
    Not(Box<Expression>),
    /// `a and b and c`
    All(Vec<Expression>),
    /// `a or b or c`
    Any(Vec<Expression>),
    /// `a < b`, `a is not None`, `a not in b`
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    /// `a if test else b`: the test, and both.
    Conditional(Box<[Expression; 3]>),
    /// `[item for names in items if condition]`
    Comprehension {
        /// What is made of each: an expression, or a key and a value.
        item: Vec<Expression>,
        /// What each is bound to.
        target: Box<Expression>,
        /// What is gone through.
        items: Box<Expression>,
        /// What must hold.
        conditions: Vec<Expression>,
    },
    /// Anything else: a `lambda`, a set.
    Opaque,
}

/// What stands behind a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Suffix {
    /// `.name`
    Attribute(String),
    /// `(…)`
    Call(CallArguments),
    /// `[i]`
    Index(Expression),
    /// `[from:to:step]`
    Slice([Option<Expression>; 3]),
}

/// A call's arguments, by place and by name; `**options` has an empty name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CallArguments {
    pub(super) by_place: Vec<Expression>,
    pub(super) by_name: Vec<(String, Expression)>,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
    IsNot,
    In,
    NotIn,
}

impl Expression {
    /// The expression in a few words, for a note.
    pub(super) fn describe(&self) -> String {
        match self {
            Expression::Name(_) | Expression::Postfix(..) => match self.short() {
                Some(text) => format!("`{text}`"),
                None => "an expression".into(),
            },
            Expression::List(items) => {
                items.iter().map(Expression::describe).next().unwrap_or_else(|| "a list".into())
            }
            Expression::None
            | Expression::Bool(_)
            | Expression::Int(_)
            | Expression::Float(_)
            | Expression::Text(_) => match self.short() {
                Some(text) => format!("`{text}`"),
                None => "a literal".into(),
            },
            _ => "an expression".into(),
        }
    }

    /// `kfold.split(…)`, `hidden[…]`
    fn short(&self) -> Option<String> {
        Some(match self {
            Expression::Name(name) => name.clone(),
            Expression::None => "None".into(),
            Expression::Bool(true) => "True".into(),
            Expression::Bool(false) => "False".into(),
            Expression::Int(value) => value.to_string(),
            Expression::Float(value) => value.to_string(),
            Expression::Text(text) if text.chars().count() <= 60 => format!("'{text}'"),
            Expression::Postfix(value, suffixes) => {
                let mut text = value.short()?;
                for suffix in suffixes {
                    match suffix {
                        Suffix::Attribute(name) => text += &format!(".{name}"),
                        Suffix::Call(_) => text += "(…)",
                        Suffix::Index(Expression::Int(at)) => text += &format!("[{at}]"),
                        Suffix::Index(_) | Suffix::Slice(_) => text += "[…]",
                    }
                }
                text
            }
            _ => return None,
        })
    }
}
