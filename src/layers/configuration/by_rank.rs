//! `by_rank!`: what the layers over one to three axes have alike.

/// A name for each rank, and [`Layer`](crate::layers::Layer) by what a method makes of the
/// configuration: `by_rank! { Conv: Conv1D, Conv2D, Conv3D; convolution, activation }`. With
/// `activation` the layer is a convolution, with one at its end.
macro_rules! by_rank {
    ($layer:ident: $($name:ident),+; $plan:ident $(, $activation:ident)?) => {
        $crate::layers::configuration::by_rank! {
            @names $layer [$($name)+] [1 "a sequence", 2 "an image", 3 "a volume",]
        }

        impl<const RANK: usize> $crate::layers::Layer for $layer<RANK> {
            fn output_shape(
                &self,
                input: &$crate::shape::Shape,
            ) -> $crate::error::Result<$crate::shape::Shape, $crate::error::Problem> {
                self.$plan().output_shape(input)
            }

            fn build(
                &self,
                input: &$crate::shape::Shape,
                scope: &mut $crate::weights::Scope<'_>,
            ) -> $crate::error::Result<Box<dyn $crate::layers::Forward>> {
                self.$plan().build(input, scope)
            }

            fn mask_rule(&self) -> $crate::layers::MaskRule {
                $crate::layers::MaskRule::Drops // it has no place for the axes that are left
            }

            $(fn $activation(&self) -> Option<&$crate::activations::Activation> {
                Some(&self.$activation)
            }

            fn kernel_uses(
                &self,
                input: &$crate::shape::Shape,
                output: &$crate::shape::Shape,
            ) -> usize {
                self.$plan().kernel_uses(input, output)
            })?
        }
    };
    (@names $layer:ident [] $ranks:tt) => {};
    (@names $layer:ident [$name:ident $($names:ident)*] [$rank:literal $over:literal, $($ranks:tt)*]) => {
        #[doc = concat!("[`", stringify!($layer), "`] over ", $over, ".")]
        pub type $name = $layer<$rank>;
        $crate::layers::configuration::by_rank! { @names $layer [$($names)*] [$($ranks)*] }
    };
}
pub(crate) use by_rank;
