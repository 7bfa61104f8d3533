"""Things that happen, told to a machine in memory; buckets that are dicts; flows written short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from machine import Machine
from tiercel.errors import TransientError
from tiercel.firing.happenings import Happenings
from tiercel.model.addresses import Address, Version
from tiercel.model.execution import Execution, decode_execution
from tiercel.starts import Starter
from tiercel.triggers.gcs import SeenObject
from tiercel.triggers.pubsub import SeenMessage

CORE = "io.kestra.plugin.core."
GCS = "io.kestra.plugin.gcp.gcs.Trigger"
PUBSUB = "io.kestra.plugin.gcp.pubsub.Trigger"
REALTIME = "io.kestra.plugin.gcp.pubsub.RealtimeTrigger"
TOPIC = "projects/p/topics/t"


@dataclass
class DictBuckets:
    """Implements `Buckets`: addresses to generation and content, and a list of what was done."""

    machine: Machine
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda verb: None

    def put(self, address: str, content: bytes = b"content", generation: str = "1") -> SeenObject:
        """Put an object there; return what the bucket tells of it."""
        bucket, _, name = address.removeprefix("gs://").partition("/")
        is_new = address not in self.objects
        self.objects[address] = generation, content
        resource = {"size": str(len(content)), "contentType": "text/csv", "md5Hash": "m=="}
        return SeenObject(bucket, name, generation, is_new, resource)

    def copy(self, source: Version, uri: str) -> bool:
        content = self._read("copy", source)
        if content is not None:
            self.machine.objects.write(uri, content)
        return content is not None

    def move(self, source: Version, to: Address) -> None:
        content = self._read("move", source)
        if content is not None:
            self.objects[to.uri] = "9", content
            del self.objects[_uri(source)]

    def delete(self, source: Version) -> None:
        if self._read("delete", source) is not None:
            del self.objects[_uri(source)]

    def _read(self, verb: str, source: Version) -> bytes | None:
        self.before(verb)
        self.done.append(f"{verb} {source.name}")
        generation, content = self.objects.get(_uri(source), ("", b""))
        return content if generation == source.generation else None


def _uri(source: Version) -> str:
    return Address(source.bucket, source.name).uri


class World:
    """A machine that hears what happens."""

    def __init__(self, *flows: str) -> None:
        self.machine = Machine()
        self.buckets = DictBuckets(self.machine)
        starter = Starter(
            self.machine.lanes, self.machine.intake, self.machine.intake.worlds, self.machine.services.surroundings
        )
        self.happenings = Happenings(starter, self.buckets, "p")
        self.machine.deploy(*flows)

    def upload(self, address: str, content: bytes = b"content", generation: str = "1") -> list[str]:
        """Put an object into a bucket, and tell of it; return the executions."""
        return self.happenings.object_created(self.buckets.put(address, content, generation))

    def publish(self, data: str | bytes, name: str = "m1", **given: object) -> list[str]:
        """Tell of a message of the topic `t`; return the executions."""
        body = data.encode() if isinstance(data, str) else data
        return self.happenings.message_arrived(SeenMessage(body, name, **{"topic": TOPIC, **given}))  # type: ignore[arg-type]

    def all(self) -> list[Execution]:
        """Return all executions, settled."""
        self.machine.settle()
        return [decode_execution(each.body) for each in self.machine.store.query("execution")]

    def one(self, executions: list[str]) -> Execution:
        """Return the execution that was started, settled."""
        [execution] = executions
        self.machine.settle()
        return self.machine.header(execution)


def flow(kind: str, *lines: str, name: str = "f", head: str = "") -> str:
    """Return a flow with one trigger, whose lines are given."""
    trigger = "".join(f"    {line}\n" for line in lines)
    task = f"tasks:\n  - {{id: t, type: {CORE}debug.Return, format: '{{{{ trigger | json }}}}'}}\n"
    return f"id: {name}\nnamespace: n\n{head}{task}triggers:\n  - id: w\n    type: {kind}\n{trigger}"


def on_object(*lines: str, name: str = "f", head: str = "", place: str = "gs://b/in/", action: str = "NONE") -> str:
    """Return a flow that waits for objects."""
    return flow(GCS, f"from: '{place}'", f"action: {action}", *lines, name=name, head=head)


def busy(verb: str) -> Callable[[str], None]:
    """Return what has the service be busy for one verb."""

    def refuse(asked: str) -> None:
        if asked == verb:
            raise TransientError(f"{verb}: busy")

    return refuse
