//! A source on a thread of its own: the caller never waits longer than it chose, whatever the source waits for.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{EpochSpan, Measured, Source, SourceError};
use crate::service::Stop;

/// How long one call waits for an answer, so that other work is not held up.
const SLICE: Duration = Duration::from_secs(5);
/// How often the wait looks whether the program is to end.
const STEP: Duration = Duration::from_millis(100);

enum Request {
    Measure { span: EpochSpan, deadline: Instant },
    ForgetBefore(u32),
}

struct Answer {
    epoch: u32,
    measured: Result<Measured, SourceError>,
}

/// Asks a source, one epoch at a time.
pub struct SourceWorker {
    /// `None` only while this is dropped.
    requests: Option<Sender<Request>>,
    answers: Receiver<Answer>,
    /// The epoch that was asked for and is not answered.
    asked: Option<u32>,
    thread: Option<JoinHandle<()>>,
}

impl SourceWorker {
    /// Errors: the operating system gives no thread.
    pub fn start(mut source: Box<dyn Source>) -> io::Result<Self> {
        let (requests, to_answer) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let thread = thread::Builder::new().name("source".to_owned()).spawn(move || {
            for request in to_answer {
                let (span, deadline) = match request {
                    Request::Measure { span, deadline } => (span, deadline),
                    Request::ForgetBefore(epoch) => {
                        source.forget_before(epoch);
                        continue;
                    }
                };
                let measured = source.measure(&span, deadline).and_then(|measured| measured.or_nothing(span.epoch));
                if answer.send(Answer { epoch: span.epoch, measured }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { requests: Some(requests), answers, asked: None, thread: Some(thread) })
    }

    /// What was measured in an epoch that is over. `None`: the source is still at work; the same call again goes on waiting.
    ///
    /// - `deadline`: afterwards the answer is of no use.
    ///
    /// Errors: those of the source; [`SourceError::Late`]; [`SourceError::Busy`] while an answer for another epoch, which
    /// came too late, is still to come.
    pub fn measure(
        &mut self,
        span: &EpochSpan,
        deadline: Instant,
        stop: &Stop,
    ) -> Option<Result<Measured, SourceError>> {
        if let Some(epoch) = self.asked.filter(|epoch| *epoch != span.epoch) {
            if self.answers.try_recv().is_err() {
                return Some(Err(SourceError::Busy { epoch }));
            }
            self.asked = None;
        }
        if self.asked.is_none() {
            let sent = self.requests.as_ref()?.send(Request::Measure { span: *span, deadline });
            if sent.is_err() {
                return Some(Err(SourceError::Gone));
            }
            self.asked = Some(span.epoch);
        }
        let until = deadline.min(Instant::now() + SLICE);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left.min(STEP)) {
                Ok(answer) => {
                    debug_assert_eq!(answer.epoch, span.epoch);
                    self.asked = None;
                    return Some(answer.measured);
                }
                Err(RecvTimeoutError::Disconnected) => return Some(Err(SourceError::Gone)),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => return Some(Err(SourceError::Late)),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until || stop.is_asked() => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// See [`Source::forget_before`].
    pub fn forget_before(&self, epoch: u32) {
        if let Some(requests) = &self.requests {
            // A thread that has ended is said by the next question.
            let _ = requests.send(Request::ForgetBefore(epoch));
        }
    }
}

impl Drop for SourceWorker {
    /// Lets a source that is idle end in order. One that is at work ends with the program.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take().filter(|_| self.asked.is_none()) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stipend_client::measurement::MeasurementRow;

    const SPAN: EpochSpan = EpochSpan { epoch: 7, start: 0, end: 100 };

    /// Answers once it is told to.
    struct Gated(Receiver<()>);

    impl Source for Gated {
        fn measure(&mut self, span: &EpochSpan, _deadline: Instant) -> Result<Measured, SourceError> {
            let _ = self.0.recv();
            let row = MeasurementRow { epoch: span.epoch, node: "a".to_owned(), uptime_bps: Some(1), bandwidth: None };
            Ok(Measured { rows: vec![row], remarks: Vec::new() })
        }
    }

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(3_600)
    }

    #[test]
    fn a_source_that_hangs_is_late_and_then_busy_and_its_old_answer_is_not_taken_for_another_epoch() {
        let (gate, gated) = mpsc::channel();
        let mut worker = SourceWorker::start(Box::new(Gated(gated))).expect("started");
        let next = EpochSpan { epoch: 8, ..SPAN };

        let late = worker.measure(&SPAN, Instant::now(), &Stop::default());
        let busy = worker.measure(&next, far(), &Stop::default());
        // The answer of epoch 7, and then that of epoch 8.
        gate.send(()).expect("heard");
        gate.send(()).expect("heard");
        let answer = loop {
            match worker.measure(&next, far(), &Stop::default()) {
                Some(Err(SourceError::Busy { .. })) | None => thread::yield_now(),
                Some(answer) => break answer,
            }
        };

        assert!(matches!(late, Some(Err(SourceError::Late))), "{late:?}");
        assert!(matches!(busy, Some(Err(SourceError::Busy { epoch: 7 }))), "{busy:?}");
        assert_eq!(answer.expect("measured").rows[0].epoch, 8);
    }

    #[test]
    fn a_program_that_is_to_end_does_not_wait_for_its_source() {
        let (gate, gated) = mpsc::channel();
        let mut worker = SourceWorker::start(Box::new(Gated(gated))).expect("started");
        let stop = Stop::default();
        stop.ask();

        let waited = worker.measure(&SPAN, far(), &stop);
        drop(worker);

        assert!(waited.is_none());
        drop(gate);
    }
}
