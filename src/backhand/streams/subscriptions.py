"""Who reads what. A subject is a topic and, for private channels, whose account it is about."""

import msgspec

from backhand.streams.ports import Reader
from backhand.wire.channels.topics import Topic


class Subject(msgspec.Struct, frozen=True):
    """A topic of one account; `uid` is "" for public topics."""

    uid: str
    topic: Topic


class Subscriptions:
    """Readers by subject and subjects by reader, both in the order in which they came."""

    def __init__(self) -> None:
        self._readers: dict[str, dict[Topic, dict[Reader, None]]] = {}
        self._subjects: dict[Reader, dict[Subject, None]] = {}

    def add(self, subject: Subject, reader: Reader) -> None:
        """Let a reader read a subject; twice is once."""
        topics = self._readers.setdefault(subject.uid, {})
        topics.setdefault(subject.topic, {})[reader] = None
        self._subjects.setdefault(reader, {})[subject] = None

    def remove(self, subject: Subject, reader: Reader) -> None:
        """Let a reader, who reads a subject, read it no more."""
        topics = self._readers[subject.uid]
        readers = topics[subject.topic]
        del readers[reader]
        if not readers:
            del topics[subject.topic]
            if not topics:
                del self._readers[subject.uid]
        subjects = self._subjects[reader]
        del subjects[subject]
        if not subjects:
            del self._subjects[reader]

    def subjects(self, reader: Reader) -> list[Subject]:
        """List what a reader reads."""
        return list(self._subjects.get(reader, ()))

    def reads(self, reader: Reader, subject: Subject) -> bool:
        """Whether this reader reads a subject."""
        return subject in self._subjects.get(reader, ())

    def readers(self, subject: Subject) -> list[Reader]:
        """List who reads a subject."""
        return list(self._readers.get(subject.uid, {}).get(subject.topic, ()))

    def is_read(self, subject: Subject) -> bool:
        """Whether anybody reads a subject."""
        return subject.topic in self._readers.get(subject.uid, ())

    def is_public_read(self, topic: Topic) -> bool:
        """Whether anybody reads a public topic."""
        return topic in self._readers.get("", ())

    def topics_of(self, uid: str) -> list[Topic]:
        """List the private topics that somebody reads of an account."""
        return list(self._readers.get(uid, ()))
