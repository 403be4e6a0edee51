//! The function's real program, behind a Runtime API.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{self, Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use crate::{
    http::{Address, Reply},
    metrics,
    runtime_api::{Response, RuntimeApi, function_for},
};

/// Longer than any answer takes; a test that waits for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// No test waits that long.
const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The promised duration of every invocation, whatever CodeBuild does.
pub const LONGEST_INVOCATION: Duration = Duration::from_secs(10);

/// The function's program.
#[derive(Clone, Copy)]
pub struct Program {
    /// The executable file.
    pub path: &'static str,
    /// The folder into which policies are written.
    pub folder: &'static str,
}

/// The function, running.
pub struct Lambda {
    child: Child,
    runtime_api: RuntimeApi,
    lines: Receiver<String>,
    standard_error: Arc<Mutex<String>>,
    error_reader: Option<JoinHandle<()>>,
}

/// The results of one invocation.
#[derive(Debug)]
pub struct Answer {
    /// The answer, or `{errorType, errorMessage}`.
    pub result: Result<Value, Value>,
    /// The line on standard output.
    pub line: String,
    /// The time from the event's delivery to the answer.
    pub took: Duration,
}

impl Answer {
    /// The record: the printed line, which is also the answer unless the invocation failed. A failed invocation has
    /// the record's error. Every record has metrics.
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

impl Program {
    /// Starts the function with a policy, the address of a CodeBuild and more settings.
    pub fn start(self, policy: &str, codebuild: SocketAddr, settings: &[(&str, &str)]) -> Lambda {
        self.start_with(policy, codebuild, settings, A_CENTURY)
    }

    /// Starts a function whose invocations may take that long.
    pub fn start_with(
        self,
        policy: &str,
        codebuild: SocketAddr,
        settings: &[(&str, &str)],
        timeout: Duration,
    ) -> Lambda {
        let runtime_api = RuntimeApi::start(timeout);
        let mut child = self
            .command(policy, codebuild, runtime_api.address(), settings)
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
                log.lock().unwrap_or_else(PoisonError::into_inner).push_str(&format!("{line}\n"));
            }
        });
        Lambda { child, runtime_api, lines, standard_error, error_reader: Some(error_reader) }
    }

    /// Starts a function that is expected to end by itself. Returns its status and its log.
    pub fn start_in_vain(self, policy: &str, settings: &[(&str, &str)]) -> (ExitStatus, String) {
        let nobody = Address::reserve().open(|_| Reply::Close);
        let command = &mut self.command(policy, nobody.address, nobody.address, settings);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (child.wait().unwrap(), log)
    }

    /// The program with the variables that Lambda sets, and nothing else of this machine.
    fn command(
        self,
        policy: &str,
        codebuild: SocketAddr,
        runtime_api: SocketAddr,
        settings: &[(&str, &str)],
    ) -> Command {
        let mut command = Command::new(self.path);
        command
            .env_clear()
            .env("AWS_LAMBDA_FUNCTION_NAME", "buildbrake")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("AWS_ENDPOINT_URL_CODEBUILD", format!("http://{codebuild}"))
            .env("AWS_ENDPOINT_URL_CODEPIPELINE", format!("http://{codebuild}"))
            .env("AWS_ENDPOINT_URL_CODECOMMIT", format!("http://{codebuild}"))
            .env("BUILDBRAKE_POLICY", self.policy_file(policy))
            .envs(settings.iter().copied());
        command
    }

    /// A policy file of its own for every start.
    fn policy_file(self, text: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("buildbrake-{}-{}.yaml", process::id(), COUNT.fetch_add(1, SeqCst));
        let path = Path::new(self.folder).join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Lambda {
    /// Invokes the function with an event, in the account and region that the event is for.
    pub fn invoke(&self, event: &Value) -> Answer {
        self.invoke_within(PATIENCE, event).unwrap_or_else(|| panic!("no answer; {}", self.log()))
    }

    /// Invokes the function by this ARN.
    pub fn invoke_by(&self, function: &str, event: &Value) -> Answer {
        let answer = self.deliver(function.to_owned(), PATIENCE, event);
        answer.unwrap_or_else(|| panic!("no answer; {}", self.log()))
    }

    /// As [`Self::invoke`], or `None` if there is no answer within this time.
    pub fn invoke_within(&self, time: Duration, event: &Value) -> Option<Answer> {
        self.deliver(function_for(event), time, event)
    }

    fn deliver(&self, function: String, time: Duration, event: &Value) -> Option<Answer> {
        let Response { result, took } = self.runtime_api.invoke(function, event.to_string(), time)?;
        let line = self.lines.recv_timeout(PATIENCE).unwrap();
        assert!(self.lines.try_recv().is_err(), "more than one line per record");
        Some(Answer { result, line, took })
    }

    /// Invokes the function with a text that need not be JSON. The function must not write a record.
    pub fn invoke_without_record(&self, text: &str) -> Response {
        let response = self.runtime_api.invoke(function_for(&Value::Null), text.to_owned(), PATIENCE);
        let response = response.unwrap_or_else(|| panic!("no answer; {}", self.log()));
        assert_eq!(self.lines.try_recv(), Err(TryRecvError::Empty), "there is a record");
        response
    }

    /// Invokes the function, and reads records up to the one for which `is_last` returns `true`. Returns that one
    /// with the answer, and the records before it.
    pub fn invoke_until(&self, event: &Value, is_last: impl Fn(&Value) -> bool) -> (Answer, Vec<Value>) {
        let response = self.runtime_api.invoke(function_for(event), event.to_string(), PATIENCE);
        let Response { result, took } = response.unwrap_or_else(|| panic!("no answer; {}", self.log()));
        let mut before = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            let record: Value = serde_json::from_str(&line).unwrap();
            metrics::assert_are_numbers(&record);
            if is_last(&record) {
                assert!(self.lines.try_recv().is_err(), "more lines than records");
                return (Answer { result, line, took }, before);
            }
            before.push(record);
        }
    }

    /// Invokes the function, and reads this many records. Returns the answer, and the records in any order.
    pub fn invoke_for(&self, records: usize, event: &Value) -> (Result<Value, Value>, Vec<Value>) {
        let response = self.runtime_api.invoke(function_for(event), event.to_string(), PATIENCE);
        let Response { result, .. } = response.unwrap_or_else(|| panic!("no answer; {}", self.log()));
        let lines = (0..records).map(|_| self.lines.recv_timeout(PATIENCE).unwrap());
        let records = lines.map(|line| serde_json::from_str(&line).unwrap()).collect();
        assert!(self.lines.try_recv().is_err(), "more lines than records");
        (result, records)
    }

    /// Kills the function, whatever it is doing.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.whole_log();
    }

    /// Returns the memory that the function holds, in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Returns the most memory that the function has held, in bytes.
    #[cfg(target_os = "linux")]
    pub fn most_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn status(&self, member: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix(member)).unwrap();
        value.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Returns the number of files and connections that the function has open.
    #[cfg(target_os = "linux")]
    pub fn file_descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Returns the text that the function has written to standard error up to now.
    pub fn log(&self) -> String {
        self.standard_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the function end by itself, as it does when the Runtime API goes away. Returns
    /// everything that it wrote to standard error; to standard output it wrote nothing but
    /// the records.
    pub fn end(mut self) -> String {
        self.runtime_api.close();
        let log = self.whole_log();
        assert_eq!(self.lines.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected), "a line that is no record");
        log
    }

    /// The log once the function has ended: it never contains a panic.
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
