//! `buildbrake export`.

use std::path::Path;

use buildbrake::export::{Breadth, iam};

use crate::{Exit, check::load, complain, print};

pub(crate) fn run(path: &Path, exact: bool) -> anyhow::Result<Exit> {
    let policy = match load(path) {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let export = iam(&policy, if exact { Breadth::Exact } else { Breadth::Broad });
    for remark in export.remarks {
        complain(&remark);
    }
    print(&format!("{:#}\n", export.document))
}
