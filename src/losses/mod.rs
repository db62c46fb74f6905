//! Losses: the one list. The trait is in `loss`.

mod binary_crossentropy;
mod categorical_crossentropy;
mod categorical_generalized_cross_entropy;
pub(crate) mod checks;
mod circle;
mod compute;
mod cosine_similarity;
mod crossentropy;
mod focal;
mod hinge;
mod huber;
mod kl_divergence;
mod loss;
mod mean_absolute_error;
mod mean_squared_error;
mod on_device;
mod overlap;
pub(crate) mod slices;
mod sparse_categorical_crossentropy;
pub(crate) mod terms;

use crate::config::catalog;

pub use binary_crossentropy::BinaryCrossentropy;
pub use categorical_crossentropy::CategoricalCrossentropy;
pub use categorical_generalized_cross_entropy::CategoricalGeneralizedCrossEntropy;
pub use circle::Circle;
pub use cosine_similarity::CosineSimilarity;
pub use crossentropy::Crossentropy;
pub use focal::{BinaryFocalCrossentropy, CategoricalFocalCrossentropy};
pub use hinge::{CategoricalHinge, Hinge, SquaredHinge};
pub use huber::{Huber, LogCosh};
pub use kl_divergence::{KlDivergence, Poisson};
pub use loss::{Loss, LossBatch, LossCommon, LossEntry, LossInC, LossItem, Reduction};
pub use mean_absolute_error::{MeanAbsoluteError, MeanAbsolutePercentageError};
pub use mean_squared_error::{MeanSquaredError, MeanSquaredLogarithmicError};
pub use overlap::{Dice, Tversky};
pub use sparse_categorical_crossentropy::SparseCategoricalCrossentropy;

catalog! { dyn Loss, "loss", LossCommon, LossKind;
    MeanSquaredError: "mean_squared_error", "MeanSquaredError", "mse";
    MeanAbsoluteError: "mean_absolute_error", "MeanAbsoluteError", "mae";
    MeanAbsolutePercentageError: "mean_absolute_percentage_error", "MeanAbsolutePercentageError", "mape";
    BinaryCrossentropy: "binary_crossentropy", "BinaryCrossentropy", "bce";
    CategoricalCrossentropy: "categorical_crossentropy", "CategoricalCrossentropy", "cce";
    SparseCategoricalCrossentropy: "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", "scce";
    Crossentropy: "crossentropy", "Crossentropy", "ce", own;
    MeanSquaredLogarithmicError: "mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", "msle";
    Huber: "huber", "Huber";
    LogCosh: "log_cosh", "LogCosh";
    CosineSimilarity: "cosine_similarity", "CosineSimilarity";
    BinaryFocalCrossentropy: "binary_focal_crossentropy", "BinaryFocalCrossentropy";
    CategoricalFocalCrossentropy: "categorical_focal_crossentropy", "CategoricalFocalCrossentropy";
    CategoricalGeneralizedCrossEntropy: "categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy";
    KlDivergence: "kl_divergence", "KLDivergence", "kld";
    Poisson: "poisson", "Poisson";
    Hinge: "hinge", "Hinge";
    SquaredHinge: "squared_hinge", "SquaredHinge";
    CategoricalHinge: "categorical_hinge", "CategoricalHinge";
    Dice: "dice", "Dice";
    Tversky: "tversky", "Tversky";
    Circle: "circle", "Circle";
    "ctc" => "its targets are sequences of labels, which the columns of a table don't hold";
}
