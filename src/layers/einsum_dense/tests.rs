//! The equations that are read, and what is said of the others.

use super::*;

fn shape(equation: &str, output: &str, input: &[usize]) -> Result<Shape, Problem> {
    let json = format!(r#"{{"equation": "{equation}", "output_shape": {output}}}"#);
    let layer: EinsumDense = serde_json::from_str(&json).unwrap();
    layer.output_shape(&Shape(input.to_vec()))
}

#[test]
fn dots_stand_for_all_other_axes() {
    assert_eq!(shape("...x,xy->...y", "7", &[2, 3]).unwrap(), Shape(vec![2, 7]));
    assert_eq!(shape("ab...,bc->ac...", "7", &[2, 3]).unwrap(), Shape(vec![7, 3]));
    assert_eq!(shape("abc,cde->abde", "[null, 4, 5]", &[2, 3]).unwrap(), Shape(vec![2, 4, 5]));
}

#[test]
fn what_is_wrong_with_an_equation_is_said() {
    let another_size = "must be 2 for `b`, the size in the input (None, 2, 3), got 5";
    for (equation, output, words) in [
        ("abc", "4", "must have the form `input,kernel->output`"),
        ("ab,bc->ac", "4", "must name the 3 axes of (None, 2, 3)"),
        ("abc,cd->bd", "[null, 4]", "must keep the batch as the first axis"),
        ("abc,cd->abd", "[5, 4]", another_size),
        ("abc,cd->abd", "4", "must hold 2 sizes for `abc,cd->abd`, got 1"),
        ("abc,cd->abd", "[null, null]", "must hold a size for `d`, got null"),
        ("abc,cde->abd", "[null, 4]", "must be in the input or the output, got `e`"),
        ("abb,bd->abd", "[null, 4]", "each once a side"),
    ] {
        let problem = shape(equation, output, &[2, 3]).unwrap_err();
        assert!(problem.message.contains(words), "{equation}: {}", problem.message);
    }
}
