//! Pooling over one to three axes: sliding, global and adaptive, the largest or the mean. Each
//! family's file holds its configurations; what they do is in `pool`.

mod adaptive_average_pooling;
mod adaptive_max_pooling;
mod average_pooling;
mod global_average_pooling;
mod global_max_pooling;
mod max_pooling;
mod pool;

pub use adaptive_average_pooling::{
    AdaptiveAveragePooling, AdaptiveAveragePooling1D, AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
};
pub use adaptive_max_pooling::{
    AdaptiveMaxPooling, AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D,
};
pub use average_pooling::{AveragePooling, AveragePooling1D, AveragePooling2D, AveragePooling3D};
pub use global_average_pooling::{
    GlobalAveragePooling, GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D,
};
pub use global_max_pooling::{
    GlobalMaxPooling, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D,
};
pub use max_pooling::{MaxPooling, MaxPooling1D, MaxPooling2D, MaxPooling3D};
