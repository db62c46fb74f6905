//! The arguments that several layers have, each with its default and its words: `shared { strides,
//! padding }` among the lines of a [`configuration`](super::configuration).

macro_rules! shared {
    (filters $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Number of output channels; at least 1.
            filters: usize,
        }
    };
    (kernel_size $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Size of the kernel: one number, or one for each axis.
            kernel_size: PerAxis,
        }
    };
    (strides $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Stride of the kernel: one number, or one for each axis.
            strides: PerAxis = PerAxis::one(),
        }
    };
    (padding $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// `valid` (no padding) or `same` (as much as keeps the size at strides of 1).
            padding: Padding = Padding::Valid,
        }
    };
    (data_format $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Position of the channel axis: `channels_last` or `channels_first`.
            data_format: DataFormat = DataFormat::ChannelsLast,
        }
    };
    (dilation_rate $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Dilation rate of the kernel. Above 1, an *atrous* convolution.
            dilation_rate: PerAxis = PerAxis::one(),
        }
    };
    (depth_multiplier $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Number of filters per input channel.
            depth_multiplier: usize = 1,
        }
    };
    (activation $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Activation function applied to the output.
            activation: Activation = Activation::Linear,
        }
    };
    (use_bias $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Whether to add a bias.
            use_bias: bool = true,
        }
    };
    (activity_regularizer $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Regularizer for the output; its penalty is divided by the batch size.
            activity_regularizer: Option<Regularizer> = None,
        }
    };
    (axis $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Axis or list of axes; the batch is axis 0.
            axis: AxisList = AxisList::last(),
        }
    };
    (epsilon $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// A small number added to the variance, to avoid dividing by zero.
            epsilon: f64 = 1e-3,
        }
    };
    (center $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Whether to add beta.
            center: bool = true,
        }
    };
    (scale $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Whether to multiply by gamma.
            scale: bool = true,
        }
    };
    (fill_mode $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// How points outside the image are filled. Default: reflect.
            fill_mode: FillMode = FillMode::default(),
        }
    };
    (interpolation $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// How values between pixels are interpolated. Default: bilinear.
            interpolation: Sampling = Sampling::default(),
        }
    };
    (fill_value $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Value used by `fill_mode: constant`.
            fill_value: f64 = 0.0,
        }
    };
    (seed $before:tt $after:tt) => {
        $crate::layers::configuration::shared! { @ $before $after
            /// Seed of the layer's random numbers. Default: the seed of the run.
            seed: Option<u64> = None,
        }
    };

    // what was read of the struct, the argument, and what is still to be read
    (@ [$($before:tt)*] [$($after:tt)*] $($argument:tt)*) => {
        $crate::layers::configuration! { $($before)* $($argument)* $($after)* }
    };
}
pub(crate) use shared;
