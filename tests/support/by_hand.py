"""A recogniser whose answers the test gives by hand."""

from dataclasses import dataclass, field

from voice.engines.interfaces import Failed, OnResult, Request, Transcribe, Transcript, Weighed
from voice.events import EngineState


@dataclass
class ByHand:
    """An engine that keeps its requests until the test answers them."""

    name: str
    state: EngineState = "ready"
    requests: list[tuple[Transcribe, OnResult]] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        return bool(self.requests)

    def submit(self, request: Request, on_result: OnResult) -> int:
        assert isinstance(request, Transcribe)
        self.requests.append((request, on_result))
        return len(self.requests)

    def cancel(self, before: int) -> None:
        late = [asked for asked in self.requests if asked[0].generation < before]
        self.requests = [asked for asked in self.requests if asked not in late]
        for request, on_result in late:
            on_result(Failed(id=1, generation=request.generation, reason="cancelled"))

    def close(self) -> None:
        self.state = "stopped"

    def say(self, text: str, avg_logprob: float = -0.2, *weighed: Weighed) -> None:
        """Answer the oldest request."""
        request, on_result = self.requests.pop(0)
        on_result(
            Transcript(
                id=1,
                generation=request.generation,
                text=text,
                avg_logprob=avg_logprob,
                no_speech_prob=0.0,
                weighed=weighed,
            )
        )

    def die(self) -> None:
        request, on_result = self.requests.pop(0)
        on_result(Failed(id=1, generation=request.generation, reason="died"))
