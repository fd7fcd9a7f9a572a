"""The queue of a worker host: exactly one terminal result a request, whatever happens."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from voice.engines.interfaces import Done, Failed, Result, Synthesize, Token
from voice.engines.request_book import Pending, RequestBook

UNWIND_S = 5.0


class Book(RuleBasedStateMachine):
    """A host and a worker that take any turn, against a plain record of what each asker got."""

    numbers = Bundle("numbers")

    def __init__(self):
        super().__init__()
        self.book = RequestBook(UNWIND_S)
        self.now = 0.0
        self.generation = {}
        self.expires = {}
        self.got: dict[int, list[Result]] = {}
        self.with_worker = None

    def deliver(self, deliveries):
        for delivery in deliveries:
            delivery.on_result(delivery.result)

    def open(self):
        return [
            n for n, results in self.got.items() if not results or results[-1].__class__ is Token
        ]

    @rule(target=numbers, generation=st.integers(0, 3), deadline=st.floats(0.1, 20))
    def submit(self, generation, deadline):
        number = len(self.got) + 1
        self.got[number] = []
        self.generation[number] = generation
        self.expires[number] = self.now + deadline
        request = Synthesize(id=number, generation=generation, text="")
        self.book.add(Pending(request, self.got[number].append, self.expires[number]))
        return number

    @rule()
    def send(self):
        request = self.book.next()
        if request is not None:
            assert self.with_worker is None, "a second request while the worker is at one"
            assert request.id in self.open(), "a request that has its answer already"
            self.with_worker = request.id

    @precondition(lambda self: self.with_worker is not None)
    @rule(last=st.booleans())
    def worker_answers(self, last):
        number, generation = self.with_worker, self.generation[self.with_worker]
        result = (
            Done(id=number, generation=generation)
            if last
            else Token(id=number, generation=generation, text="x")
        )
        expected = number in self.open()
        before = len(self.got[number])
        self.deliver(self.book.received(result))
        assert len(self.got[number]) == before + expected
        if last:
            self.with_worker = None

    @rule(number=numbers)
    def worker_babbles(self, number):
        """A result for a request that it does not have."""
        if number != self.with_worker:
            assert not self.book.received(Done(id=number, generation=0))

    @rule(before=st.integers(0, 4))
    def cancel(self, before):
        stale = [n for n in self.open() if self.generation[n] < before]
        self.deliver(self.book.cancel(before, self.now))
        for number in stale:
            assert self.got[number][-1].reason == "cancelled"

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds):
        self.now += seconds
        self.deliver(self.book.expire(self.now))
        assert all(self.expires[n] > self.now for n in self.open())

    @rule()
    def worker_dies(self):
        waiting = self.open()
        self.deliver(self.book.fail_all("gone"))
        self.with_worker = None
        assert all(self.got[n][-1].reason == "died" for n in waiting)
        assert self.book.due() is None

    @invariant()
    def at_most_one_terminal_result_and_nothing_after_it(self):
        for results in self.got.values():
            assert all(isinstance(r, Token) for r in results[:-1])

    @invariant()
    def the_next_look_is_never_late(self):
        due = self.book.due()
        assert all(due is not None and due <= self.expires[n] for n in self.open())

    @invariant()
    def dropped_means_that_the_worker_is_at_something_nobody_waits_for(self):
        stray = self.with_worker is not None and self.with_worker not in self.open()
        assert self.book.dropped() == stray

    def teardown(self):
        self.deliver(self.book.fail_all("closed"))
        assert all(isinstance(results[-1], Done | Failed) for results in self.got.values())


Book.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestRequestBook = Book.TestCase


def test_a_dropped_request_counts_as_hung_only_after_the_unwind_time():
    book = RequestBook(UNWIND_S)
    book.add(Pending(Synthesize(id=1, text=""), lambda _: None, 100.0))
    book.next()
    book.cancel(1, 10.0)
    assert not book.hung(14.9)
    assert book.hung(15.0)
    assert book.due() == 15.0
    book.received(Done(id=1, generation=0))
    assert not book.hung(99.0)
