//! Builds of the past, made up from a seed: what `BatchGetBuilds` returns about builds that have ended.

use serde_json::{Value, json};

/// Builds of the past, each about 3.9 KB as JSON. The same seed makes the same builds.
#[derive(Clone, Debug)]
pub struct History {
    random: Random,
    number: u64,
}

/// The first second of the year in which the builds start.
const YEAR: u64 = 1_767_225_600;
const ACCOUNT: &str = "111122223333";
const COMPUTE: [(&str, &str); 5] = [
    ("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL"),
    ("LINUX_CONTAINER", "BUILD_GENERAL1_MEDIUM"),
    ("LINUX_CONTAINER", "BUILD_GENERAL1_LARGE"),
    ("ARM_CONTAINER", "BUILD_GENERAL1_LARGE"),
    ("LINUX_CONTAINER", "BUILD_GENERAL1_2XLARGE"),
];
const IMAGES: [&str; 5] = [
    "aws/codebuild/amazonlinux-x86_64-standard:5.0",
    "aws/codebuild/standard:7.0",
    "aws/codebuild/amazonlinux-aarch64-standard:3.0",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools:1.4.2",
    "docker.io/library/node:22",
];
const REFS: [&str; 8] = [
    "main",
    "refs/heads/main",
    "release/2026-03",
    "feature/cart",
    "feature/search",
    "v1.4.2",
    "refs/tags/v1.4.2",
    "pr/25",
];
const INITIATORS: [&str; 6] =
    ["alice", "bob", "GitHub-Hookshot/4f5b68a", "codepipeline/release-shop", "Developer/carol", "rule/nightly"];

impl History {
    /// An endless history.
    pub fn of_seed(seed: u64) -> Self {
        Self { random: Random(seed), number: 0 }
    }

    fn build(&mut self) -> Value {
        self.number += 1;
        let random = &mut self.random;
        let project = format!("project-{:03}", random.below(200));
        let id = format!("{project}:{}", random.uuid());
        let submitted = (YEAR + random.below(320 * 86_400)) * 1000 + random.below(1000);
        let queued = submitted + 300;
        let provisioned = queued + if random.below(10) == 0 { random.below(30 * 60_000) } else { random.below(20_000) };
        let ran = random.below(20_000)
            + match random.below(20) {
                0 => random.below(7_200_000),
                1..6 => random.below(1_800_000),
                _ => random.below(400_000),
            };
        let mut starts = vec![("SUBMITTED", submitted), ("QUEUED", queued), ("PROVISIONING", provisioned)];
        let mut at = provisioned;
        for (phase, share) in [
            ("DOWNLOAD_SOURCE", 4),
            ("INSTALL", 3),
            ("PRE_BUILD", 6),
            ("BUILD", 10),
            ("POST_BUILD", 60),
            ("UPLOAD_ARTIFACTS", 3),
            ("FINALIZING", 2),
        ] {
            at += ran * share / 100;
            starts.push((phase, at));
        }
        let end = provisioned + ran;
        let status =
            *random.one_of(&["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT"]);
        let phases: Vec<Value> = starts
            .iter()
            .enumerate()
            .map(|(index, (phase, start))| {
                let until = starts.get(index + 1).map_or(end, |(_, start)| *start);
                json!({
                    "phaseType": phase,
                    "phaseStatus": if *phase == "BUILD" { status } else { "SUCCEEDED" },
                    "startTime": time(*start),
                    "endTime": time(until),
                    "durationInSeconds": until.saturating_sub(*start) / 1000,
                })
            })
            .chain([json!({"phaseType": "COMPLETED", "startTime": time(end)})])
            .collect();
        let (kind, compute) = *random.one_of(&COMPUTE);
        let region = *random.one_of(&["eu-west-1", "us-east-1"]);
        let commit = random.commit();
        let initiator = *random.one_of(&INITIATORS);
        let source = if initiator.starts_with("codepipeline/") {
            json!({"type": "CODEPIPELINE", "buildspec": "ci/buildspec.yml", "insecureSsl": false})
        } else {
            json!({
                "type": "GITHUB",
                "location": format!("https://github.com/example/{project}.git"),
                "gitCloneDepth": 1,
                "gitSubmodulesConfig": {"fetchSubmodules": false},
                "buildspec": "ci/buildspec.yml",
                "reportBuildStatus": random.below(2) == 0,
                "insecureSsl": false
            })
        };
        let version = if random.below(3) == 0 { commit.clone() } else { (*random.one_of(&REFS)).to_owned() };
        let variables: Vec<Value> = (0..4)
            .map(|number| json!({"name": format!("SETTING_{number}"), "value": random.commit(), "type": "PLAINTEXT"}))
            .collect();
        let arn = |resource: &str| format!("arn:aws:codebuild:{region}:{ACCOUNT}:{resource}");
        let group = format!("/aws/codebuild/{project}");
        let stream = random.uuid();
        json!({
            "id": id,
            "arn": arn(&format!("build/{id}")),
            "buildNumber": self.number,
            "startTime": time(submitted),
            "endTime": time(end),
            "currentPhase": "COMPLETED",
            "buildStatus": status,
            "sourceVersion": version,
            "resolvedSourceVersion": commit,
            "projectName": project,
            "phases": phases,
            "source": source,
            "secondarySources": [],
            "secondarySourceVersions": [],
            "artifacts": {
                "location": format!("arn:aws:s3:::example-artifacts/{project}/{id}"),
                "sha256sum": format!("{}{}", random.commit(), "0".repeat(24)),
                "md5sum": "d41d8cd98f00b204e9800998ecf8427e",
                "encryptionDisabled": false
            },
            "cache": {"type": "LOCAL", "modes": ["LOCAL_DOCKER_LAYER_CACHE", "LOCAL_SOURCE_CACHE"]},
            "environment": {
                "type": kind,
                "image": random.one_of(&IMAGES),
                "computeType": compute,
                "environmentVariables": variables,
                "privilegedMode": random.below(5) == 0,
                "imagePullCredentialsType": "CODEBUILD"
            },
            "serviceRole": format!("arn:aws:iam::{ACCOUNT}:role/service-role/codebuild-{project}-service-role"),
            "logs": {
                "groupName": group,
                "streamName": stream,
                "deepLink": format!("https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}/log-events/{stream}"),
                "cloudWatchLogsArn": format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"),
                "cloudWatchLogs": {"status": "ENABLED", "groupName": group},
                "s3Logs": {"status": "DISABLED", "encryptionDisabled": false}
            },
            "timeoutInMinutes": random.one_of(&[15, 30, 60, 60, 60, 120, 480]),
            "queuedTimeoutInMinutes": 480,
            "buildComplete": true,
            "initiator": initiator,
            "vpcConfig": {
                "vpcId": "vpc-0f1e2d3c4b5a69788",
                "subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
                "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]
            },
            "encryptionKey": format!("arn:aws:kms:{region}:{ACCOUNT}:alias/aws/s3"),
            "exportedEnvironmentVariables": [],
            "reportArns": [],
            "fileSystemLocations": []
        })
    }
}

impl Iterator for History {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        Some(self.build())
    }
}

/// Milliseconds since 1970 as the AWS CLI prints a time.
fn time(milliseconds: u64) -> Value {
    json!(milliseconds as f64 / 1000.0)
}

/// Numbers that look random. <https://prng.di.unimi.it/splitmix64.c>
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        let index = self.below(things.len() as u64) as usize;
        &things[index]
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
        format!("{a:08x}-{b:04x}-4{c:03x}-8{:03x}-{:012x}", (low >> 48) & 0xfff, low & 0xffff_ffff_ffff)
    }

    fn commit(&mut self) -> String {
        format!("{:016x}{:016x}{:08x}", self.next(), self.next(), self.next() >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::History;

    #[test]
    fn a_build_is_as_large_as_real_ones_are() {
        let mut builds = History::of_seed(1).take(1000);
        let bytes: usize = builds.by_ref().map(|build| build.to_string().len()).sum();
        assert!((3_700..4_100).contains(&(bytes / 1000)), "{}", bytes / 1000);
        assert!(History::of_seed(7).take(5).eq(History::of_seed(7).take(5)));
    }
}
