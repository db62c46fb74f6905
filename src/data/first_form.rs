//! The form of a column in the files of earlier versions, up to 1.1: it is read, and the fingerprint
//! of the data is made of it, so that a training that was begun then is gone on with.

use serde::{Deserialize, Serialize};

use crate::transforms::{
    Booleans, Classes, Encoding, Indicators, Labels, Normal, Scaling, Stretch,
};

/// A column in either form.
#[derive(Deserialize)]
pub(crate) struct Before {
    name: String,
    transform: Option<OldTransform>,
    #[serde(default)]
    encode: Option<Encoding>,
    #[serde(default)]
    scale: Scaling,
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
    /// Its name, and what it is.
    pub(super) fn into_parts(self) -> (String, Option<Encoding>, Scaling) {
        let Before { name, transform, encode, scale } = self;
        let (encode, scale) = match transform {
            None => (encode, scale),
            Some(OldTransform::Number { scaling }) => (None, scaling.into()),
            Some(OldTransform::Label { classes, scaling }) => {
                let encode = match classes.are_booleans() {
                    true => Encoding::Boolean(Booleans(classes)),
                    false => Encoding::Label(Labels(classes)),
                };
                (Some(encode), scaling.into())
            }
            Some(OldTransform::OneHot { classes }) => {
                (Some(Encoding::OneHot(Indicators(classes))), Scaling::default())
            }
        };
        (name, encode, scale)
    }
}

impl From<OldScaling> for Scaling {
    fn from(old: OldScaling) -> Scaling {
        match old {
            OldScaling::None => Scaling::default(),
            OldScaling::MinMax(own) => Scaling::MinMax(own),
            OldScaling::Standard(own) => Scaling::Standard(own),
        }
    }
}

impl<'a> OldColumn<'a> {
    /// A column in the first form, where that has its transform.
    #[allow(clippy::match_wildcard_for_single_variants)] // what comes later has no first form
    pub(super) fn of(
        name: &'a str,
        encode: Option<&Encoding>,
        scale: &Scaling,
    ) -> Option<OldColumn<'a>> {
        let scaling = match scale {
            Scaling::Unscaled(_) => OldScaling::None,
            Scaling::MinMax(own) => OldScaling::MinMax(own.clone()),
            Scaling::Standard(own) => OldScaling::Standard(own.clone()),
            _ => return None,
        };
        let transform = match encode {
            None => OldTransform::Number { scaling },
            Some(Encoding::Label(Labels(classes)) | Encoding::Boolean(Booleans(classes))) => {
                OldTransform::Label { classes: classes.without_rule(), scaling }
            }
            Some(Encoding::OneHot(Indicators(classes))) => {
                OldTransform::OneHot { classes: classes.without_rule() }
            }
            Some(_) => return None,
        };
        Some(OldColumn { name, transform })
    }
}
