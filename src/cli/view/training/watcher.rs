//! `RunWatcher`: shows the training of another process: on the full screen of a terminal, else in lines.

use anyhow::Result;
use serde_json::Value;

use super::super::answer;
use super::follower::Follower;

/// Shows a training that another process does.
pub(crate) enum RunWatcher {
    /// Line by line.
    Lines(Box<Follower>),
    /// On the full screen.
    #[cfg(feature = "tui")]
    Screen(Box<super::screen_follower::ScreenFollower>),
}

impl RunWatcher {
    /// The full screen where there is a terminal for it, unless lines are wanted.
    pub(crate) fn new(quiet: bool, verbose: bool, lines: bool) -> RunWatcher {
        #[cfg(feature = "tui")]
        if !lines && !quiet && super::is_live() {
            match super::screen_follower::ScreenFollower::open() {
                Ok(screen) => return RunWatcher::Screen(Box::new(screen)),
                Err(error) => {
                    super::super::warning(&format!("the terminal can't be taken over: {error}"));
                }
            }
        }
        #[cfg(not(feature = "tui"))]
        let _ = lines;
        RunWatcher::Lines(Box::new(Follower::new(quiet, verbose)))
    }

    /// Shows what a look at the events has found; true once there is nothing more to be shown.
    pub(crate) fn events(&mut self, news: &[Value]) -> Result<bool> {
        match self {
            RunWatcher::Lines(lines) => {
                for event in news {
                    lines.event(event)?;
                    if event["event"] == "run_end" {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            #[cfg(feature = "tui")]
            RunWatcher::Screen(screen) => screen.events(news),
        }
    }

    /// Says how to go on with a run that nobody trains any more; true once nothing more is to be
    /// shown.
    pub(crate) fn abandoned(&mut self, command: &str) -> bool {
        let text = format!("nobody trains this run any more; go on with `{command}`");
        match self {
            RunWatcher::Lines(lines) => {
                lines.close();
                answer(&text);
                true
            }
            #[cfg(feature = "tui")]
            RunWatcher::Screen(screen) => {
                screen.say(&text);
                false
            }
        }
    }

    /// Shows nothing any more.
    pub(crate) fn close(&mut self) {
        match self {
            RunWatcher::Lines(lines) => lines.close(),
            #[cfg(feature = "tui")]
            RunWatcher::Screen(screen) => screen.close(),
        }
    }
}
