//! A CodeCommit on loopback with the branches of one repository.
//! <https://docs.aws.amazon.com/codecommit/latest/APIReference/Welcome.html>

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::{
    codebuild::Endpoint,
    codepipeline::Exchange,
    http::{Address, Reply},
};

/// A repository with its branches.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// The name.
    pub name: String,
    /// The default branch, if there is one.
    pub default_branch: Option<String>,
    /// Branches with their commits.
    pub branches: Vec<(String, String)>,
    /// Branches that are listed, but deleted before they are asked for.
    pub deleted: Vec<String>,
    /// The branches on one page of the list.
    pub page: usize,
}

/// A running CodeCommit. It ends when it is dropped.
pub struct CodeCommit {
    /// The endpoint on which it listens.
    pub endpoint: Endpoint,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl CodeCommit {
    /// Serves a repository.
    pub fn start(repository: Repository) -> Self {
        let exchanges: Arc<Mutex<Vec<Exchange>>> = Arc::default();
        let log = exchanges.clone();
        let endpoint = Endpoint::of_service("CodeCommit_20150413", Address::reserve(), move |call| {
            let (status, output) = match repository.answer(&call.operation, &call.input) {
                Ok(output) => (200, output),
                Err(code) => (400, json!({"__type": code, "message": "no such thing"})),
            };
            let reply = Reply::json(status, &output);
            let (operation, input) = (call.operation.clone(), call.input.clone());
            log.lock().unwrap_or_else(PoisonError::into_inner).push(Exchange { operation, input, status, output });
            reply
        });
        Self { endpoint, exchanges }
    }

    /// All calls with their answers, in their order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Repository {
    fn answer(&self, operation: &str, input: &Value) -> Result<Value, &'static str> {
        if input["repositoryName"] != self.name {
            return Err("RepositoryDoesNotExistException");
        }
        match operation {
            "GetRepository" => {
                let mut metadata = json!({"repositoryName": self.name, "accountId": "111122223333"});
                if let Some(branch) = &self.default_branch {
                    metadata["defaultBranch"] = json!(branch);
                }
                Ok(json!({"repositoryMetadata": metadata}))
            }
            "ListBranches" => {
                let names: Vec<&String> = self.branches.iter().map(|(name, _)| name).chain(&self.deleted).collect();
                let from = input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
                let end = names.len().min(from + self.page);
                let mut page = json!({"branches": names[from..end]});
                if end < names.len() {
                    page["nextToken"] = json!(end.to_string());
                }
                Ok(page)
            }
            "GetBranch" => {
                let found = self.branches.iter().find(|(name, _)| input["branchName"] == **name);
                let (name, commit) = found.ok_or("BranchDoesNotExistException")?;
                Ok(json!({"branch": {"branchName": name, "commitId": commit}}))
            }
            _ => Err("InvalidOperationException"),
        }
    }
}
