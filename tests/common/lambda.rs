//! Lambda's side of the Runtime API, and the real `buildbrake-lambda` program behind it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;

use super::{
    http::{Address, Reply, Request, Server, serve},
    metrics,
};

/// Longer than any answer takes; a test that waits for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// No test waits for that.
const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The ARN that the function is called by.
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:buildbrake";

/// What is promised of every invocation, whatever CodeBuild does.
pub const LONGEST_INVOCATION: Duration = Duration::from_secs(10);

/// The function, running.
pub struct Lambda {
    child: Child,
    _runtime_api: Server,
    /// `None` once there are no more.
    events: Option<Sender<String>>,
    answers: Receiver<Answer>,
    lines: Receiver<String>,
    standard_error: Arc<Mutex<String>>,
    error_reader: Option<JoinHandle<()>>,
}

/// What came back of one invocation.
#[derive(Debug)]
pub struct Answer {
    /// The answer, or `{errorType, errorMessage}`.
    pub result: Result<Value, Value>,
    /// The line on standard output.
    pub line: String,
    /// From the event's delivery to the answer.
    pub took: Duration,
}

impl Answer {
    /// The record, which is the printed line, and the answer unless the invocation failed.
    /// A failed invocation has the record's error. Metrics stand in every record.
    pub fn record(&self) -> Value {
        let record: Value = serde_json::from_str(&self.line).unwrap();
        match &self.result {
            Ok(answer) => assert_eq!(*answer, record, "the answer is not what was printed"),
            Err(error) => {
                assert_eq!(record["outcome"], "failed");
                assert_eq!(error["errorType"], record["error"]["type"]);
                assert_eq!(error["errorMessage"], record["error"]["message"]);
            }
        }
        metrics::assert_fit_for_cloudwatch(&record);
        record
    }
}

impl Lambda {
    pub fn start(policy: &str, codebuild: SocketAddr, settings: &[(&str, &str)]) -> Self {
        Self::start_with(policy, codebuild, settings, A_CENTURY)
    }

    /// A function whose invocations may take that long.
    pub fn start_with(policy: &str, codebuild: SocketAddr, settings: &[(&str, &str)], timeout: Duration) -> Self {
        let (events, incoming) = channel::<String>();
        let (outgoing, answers) = channel();
        let (incoming, delivered) = (Mutex::new(incoming), Mutex::new(Instant::now()));
        let runtime_api =
            Address::reserve().open(move |request| runtime_api(&request, &incoming, &delivered, &outgoing, timeout));
        let mut child = command(policy, codebuild, settings)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (line, lines) = channel();
        let standard_output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || standard_output.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        let standard_error = Arc::new(Mutex::new(String::new()));
        let (log, errors) = (standard_error.clone(), BufReader::new(child.stderr.take().unwrap()));
        let error_reader = thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                log.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let (events, error_reader) = (Some(events), Some(error_reader));
        Self { child, _runtime_api: runtime_api, events, answers, lines, standard_error, error_reader }
    }

    /// One invocation with an event.
    pub fn invoke(&self, event: &Value) -> Answer {
        self.invoke_with(event.to_string())
    }

    /// The same with what may be no event at all.
    pub fn invoke_with(&self, text: String) -> Answer {
        self.answer_within(PATIENCE, text).unwrap_or_else(|| panic!("no answer; {}", self.log()))
    }

    /// The same as [`Lambda::invoke`], or `None` where there is no answer within this time.
    pub fn invoke_within(&self, time: Duration, event: &Value) -> Option<Answer> {
        self.answer_within(time, event.to_string())
    }

    fn answer_within(&self, time: Duration, event: String) -> Option<Answer> {
        self.events.as_ref().unwrap().send(event).unwrap();
        let mut answer = self.answers.recv_timeout(time).ok()?;
        answer.line = self.lines.recv_timeout(PATIENCE).unwrap();
        assert!(self.lines.try_recv().is_err(), "more than one line a record");
        Some(answer)
    }

    /// An invocation that ends with the record that fits, and the lines before that one.
    pub fn invoke_until(&self, event: &Value, is_last: impl Fn(&Value) -> bool) -> (Answer, Vec<Value>) {
        self.events.as_ref().unwrap().send(event.to_string()).unwrap();
        let mut answer = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer; {}", self.log()));
        let mut before = Vec::new();
        loop {
            answer.line = self.lines.recv_timeout(PATIENCE).unwrap();
            let record: Value = serde_json::from_str(&answer.line).unwrap();
            metrics::assert_are_numbers(&record);
            if is_last(&record) {
                assert!(self.lines.try_recv().is_err(), "more lines than records");
                return (answer, before);
            }
            before.push(record);
        }
    }

    /// Kills the function, whatever it does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.whole_log();
    }

    /// How much memory the function holds, in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// How much memory the function ever held, in bytes.
    #[cfg(target_os = "linux")]
    pub fn most_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn status(&self, member: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix(member)).unwrap();
        value.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// How many files and connections the function has open.
    #[cfg(target_os = "linux")]
    pub fn file_descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// What stands on standard error up to now.
    pub fn log(&self) -> String {
        self.standard_error.lock().unwrap().clone()
    }

    /// Lets the function end by itself, as it does when the Runtime API goes away.
    /// Everything that it ever wrote to standard error; to standard output it wrote
    /// nothing but the records.
    pub fn end(mut self) -> String {
        self.events = None;
        let log = self.whole_log();
        assert_eq!(self.lines.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected), "a line that is no record");
        log
    }

    /// What stands on standard error once the function has ended: never a panic.
    fn whole_log(&mut self) -> String {
        self.child.wait().unwrap();
        self.error_reader.take().unwrap().join().unwrap();
        let log = self.log();
        assert!(!log.contains("a panic: this is a fault of buildbrake"), "{log}");
        log
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the function where it is expected to end by itself. Its end, and what it logged.
pub fn start_in_vain(policy: &str, settings: &[(&str, &str)]) -> (ExitStatus, String) {
    let nobody = serve(|_| Reply::Close);
    let mut child = command(policy, nobody, settings)
        .env("AWS_LAMBDA_RUNTIME_API", nobody.to_string())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    (child.wait().unwrap(), log)
}

/// The program with the variables that Lambda sets, and nothing else of this machine.
fn command(policy: &str, codebuild: SocketAddr, settings: &[(&str, &str)]) -> Command {
    let file = tempfile(policy);
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake-lambda"));
    command
        .env_clear()
        .env("AWS_LAMBDA_FUNCTION_NAME", "buildbrake")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_ENDPOINT_URL_CODEBUILD", format!("http://{codebuild}"))
        .env("BUILDBRAKE_POLICY", file)
        .envs(settings.iter().copied());
    command
}

/// A policy file of its own for every start.
fn tempfile(text: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("buildbrake-{}-{}.yaml", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn runtime_api(
    request: &Request,
    incoming: &Mutex<Receiver<String>>,
    delivered: &Mutex<Instant>,
    outgoing: &Sender<Answer>,
    timeout: Duration,
) -> Reply {
    let answer = |result| {
        let _ = outgoing.send(Answer { result, line: String::new(), took: delivered.lock().unwrap().elapsed() });
        Reply::json(202, r#"{"status":"OK"}"#)
    };
    let body = || serde_json::from_str(&request.body).unwrap();
    match request.path.rsplit('/').next() {
        Some("next") => match incoming.lock().unwrap().recv() {
            Ok(event) => {
                *delivered.lock().unwrap() = Instant::now();
                delivery(event, timeout)
            }
            Err(_) => Reply::Close,
        },
        Some("response") => answer(Ok(body())),
        Some("error") => answer(Err(body())),
        _ => panic!("{request:?}"),
    }
}

/// An event, with what Lambda says of its invocation.
fn delivery(event: String, timeout: Duration) -> Reply {
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + timeout;
    let headers = vec![
        ("content-type", "application/json".into()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".into()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", FUNCTION.into()),
    ];
    Reply::Http { status: 200, headers, body: event }
}
