//! The rules of `data.window`, by themselves and with those of the columns.

use super::columns::ColumnPlan;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::sections::{Columns, DataConfig, MissingRule, WindowConfig};

/// Checks the windows by themselves, and whether the columns go with them.
pub(super) fn check(
    window: &WindowConfig,
    plan: &ColumnPlan,
    section: &DataConfig,
) -> Result<(), ConfigError> {
    window.shape().check().map_err(|problem| {
        ConfigError::at(format!("data.window.{}", problem.key), problem.message)
            .with_code(problem.code)
            .with_help(problem.help)
    })?;
    let conflict = |path: String, message: String, help: &str| {
        Err(ConfigError::at(path, message).with_code(Code::Conflict).with_help(help))
    };
    if section.target.as_ref().is_some_and(|target| target.columns == Columns::Features) {
        let message = "`target: features` doesn't go with `data.window`".to_string();
        let help = "to forecast the features, name them: `target: {columns: [a, b]}`";
        return conflict("data.target".to_string(), message, help);
    }
    if let Some((place, _)) = plan.image() {
        let message = "a window of pictures is not supported".to_string();
        let help = "remove `data.window`: each picture is a sample";
        return conflict(plan.features[place].path.clone(), message, help);
    }
    let columns = || plan.features.iter().chain(&plan.target);
    if let Some(column) = columns().find(|column| column.missing == MissingRule::DropRow) {
        let message = format!(
            "column `{}`: `missing: drop_row` doesn't go with `data.window`: the rows after one that \
             is left out would move in time",
            column.name
        );
        let help = "fill the cells, as `missing: median` does";
        return conflict(format!("{}.missing", column.path), message, help);
    }
    for target in &plan.target {
        let Some(past) = plan.features.iter().find(|column| column.index == target.index) else {
            continue;
        };
        let (name, path) = (&target.name, "data.target".to_string());
        if past.wanted().text != target.wanted().text {
            let message = format!("column `{name}` is a number in one rule, and a text in another");
            return conflict(path, message, "give the feature and the target one kind of rule");
        }
        if past.missing != target.missing {
            let message = format!("column `{name}` has two rules for missing cells");
            return conflict(
                path,
                message,
                "write the same `missing` for the feature and the target",
            );
        }
    }
    Ok(())
}
