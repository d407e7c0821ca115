"""The getting side of a queue: what was read ahead, what the program took of it, and what of that is done.

Items wait in `ready`, each with its tag, and a program takes one by `ready.popleft()`, with no lock; or a loop that is
alone goes through them by a `Walk`. So what was taken is never counted one by one: it is whatever is no longer there when
it is time to report. How far to read ahead follows from how fast the program takes; what it has not touched for a while
goes back, so that others can work on it.
"""

from __future__ import annotations

import threading
from operator import length_hint
from typing import TYPE_CHECKING, Any, Optional

from . import wire
from .encoding import encodings
from .errors import Aborted, ShutDown
from .held import Held
from .pace import MOST_AHEAD, Pace
from .past import Past
from .receipts import Receipts
from .steps import STEPS_ARE_SINGLE
from .stock import Stock
from .walk import Walk

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Consumer"]

#: Items become ready at most so many at a time: between two lots more is asked for. Where a queue holds few, half of them,
#: so that its producers have room for others meanwhile, but not in crumbs.
_LARGEST_LOT = 1024
_SMALLEST_LOT = 64

#: Rounds of the attendant without a get, after which what was read ahead goes back.
_IDLE_ROUNDS = 4


class Consumer:
    #: Whether it asks for one item at a time, when a thread waits: see `exact`.
    exact = False

    def __init__(self, session: "Session", channel: "dict[str, Any]", announces: Optional[bool] = None) -> None:
        self.session = session
        self.name: str = channel["name"]
        self.channel: int = channel["id"]
        self.settings = channel
        self.keeps = channel["delivery"] != "at-most-once"
        #: Whether what is taken is said to be before the program has it, one by one, so that nothing of it is read ahead. At
        #: most once, it would else come again where the program is killed; unless there is nobody else it could come to.
        self.announces = not self.keeps if announces is None else announces
        self.decode = encodings[channel["encoding"]].decode
        self.past = Past()
        self._receipts = Receipts(session, self.channel, self.keeps, self.past)
        #: Tags that the program is done with and the broker does not know of.
        self.done = self._receipts.done
        self.ended: Optional[Exception] = None
        #: How many threads wait.
        self.waiting = 0
        self.ungets = 0
        #: Something went back: what is still on its way comes behind that, and goes back too.
        self._retreating = False
        #: To read ahead more than fits into the queue would leave its producers without room.
        self.pace = Pace(1 if self.announces else min(MOST_AHEAD, channel["maxsize"] or MOST_AHEAD))
        self._stock = Stock(min(_LARGEST_LOT, max(_SMALLEST_LOT, self.pace.most // 2)))
        #: (tag, data) of what the program may take now.
        self.ready = self._stock.ready
        self._asked = 0
        self._void = 0
        self._told_waiting = False
        self._idle_at = -1
        self._idle_rounds = 0
        self._local = threading.local()

    @property
    def held(self) -> Held:
        """What this thread took by `get` and has not reported done."""
        try:
            return self._local.held  # type: ignore[no-any-return]
        except AttributeError:
            self._local.held = Held()
            return self._local.held

    # Asking

    def advance(self) -> bool:
        """Makes the next lot ready, if none is."""
        self._break_up()
        count = self._stock.serve()
        if count == 0:
            return False
        self._begin(count)
        return True

    def open_walk(self) -> Optional[Walk]:
        """The next lot for one loop by itself, or None where that must share what is ready with other threads."""
        self._break_up()
        walk = None if self.announces or not STEPS_ARE_SINGLE else self._stock.open_walk()
        if walk is not None:
            self._begin(length_hint(walk.items))
        return walk

    def close_walk(self, walk: Walk) -> None:
        """Its loop has moved on from the last item it took."""
        self._receipts.say_done(walk.tell_done(True))
        if self._stock.walk is walk and walk.at_end:
            self._stock.walk = None

    def _break_up(self) -> None:
        """What a loop has not taken is ready for whoever comes."""
        walk = self._stock.walk
        if walk is not None:
            self._receipts.say_done(self._stock.break_up(walk))

    def _begin(self, count: int) -> None:
        """The program is about to take so many."""
        self.pace.begin(count)
        # Who takes one at a time asks when it waits.
        if self.pace.window > 1 and self._ask(0):
            self.session.flush()
        if not self.session.attendant.armed:
            self.session.arm()

    def come_back(self) -> None:
        """The program is back for more."""
        if not self.ready and self._stock.walk is None:
            self.pace.judge()

    def await_more(self) -> None:
        """Nothing is ready and a thread waits for it."""
        if not self._told_waiting and not self._retreating:
            self._told_waiting = True
            self.report()
            self._ask(1)

    def _ask(self, flags: int) -> bool:
        window = self.pace.window
        most = window if window > self.waiting else self.waiting
        more = max(0, most - self._asked - (self._stock.next_tag - self._stock.head()))
        worth_it = window > 1 and more * 4 >= window
        # What goes back must be back before more is asked for.
        if (flags or worth_it) and not self._retreating:
            self._asked += more
            self.session.say(wire.number(wire.GET, self.channel, more, flags))
        return worth_it

    def withdraw(self) -> None:
        """No thread waits any more."""
        if self.ended is not None:
            return
        self._void += self._asked
        self._asked = 0
        self._told_waiting = False
        self.ungets += 1
        self.session.say(wire.bare(wire.UNGET, self.channel))

    # Reporting

    def report(self) -> None:
        """Says what was taken and what is done since the last time."""
        walk = self._stock.walk
        if walk is not None:
            self._receipts.say_done(walk.tell_done(False))
        if self.done:
            self._receipts.say_all_done()
        self._receipts.say_taken(self._stock.head())

    def finish(self, tag: int) -> None:
        """An item that was taken is done."""
        self.done.append(tag)
        if not self.session.attendant.armed:
            with self.session.exclusive:
                self.session.check()
                self.session.arm()

    def tell_taken(self) -> None:
        """The program may work on it for long, and its place in the queue is free: that is to be known soon, but not before the
        program has it, or its own clock would see more items waiting than `maxsize` allows. What is at most once is said to
        be taken first, or it would come twice where the program is killed."""
        if not self.announces and self.session.attendant.armed:
            return
        with self.session.exclusive:
            self.session.check()
            if self.announces:
                self.report()
                self.session.send()
            else:
                self.session.arm()

    def give_back(self, tag: int) -> None:
        """Hands an item that was taken to whoever comes next. It comes again before those behind it, so what was read ahead
        of these goes back too."""
        with self.session.exclusive:
            self.session.check()
            self.report()
            self.past.forget((tag,))
            self.session.say(wire.tags(wire.GIVE_BACK, self.channel, tag, 1))
            self._recalled()
            # What is still on its way comes behind it as well.
            self._retreating = self.ungets > 0
            self.session.send()

    def give_back_rest(self, keep: int = 0) -> None:
        """Gives back what was read ahead, but for the first `keep` items, which are about to be taken."""
        if self._asked:
            self.withdraw()
        self._break_up()
        tags = self._stock.give_up(keep)
        if not tags:
            return
        self._receipts.give_back(tags)
        self._receipts.reported = self._stock.next_tag
        self._retreating = self.ungets > 0

    def watch(self) -> bool:
        """The attendant's round. Returns whether another one is due."""
        head = self._stock.head()
        due = head > self._receipts.reported or bool(self.done)
        if head == self._stock.next_tag:
            self._idle_rounds = 0
            if self.ungets and not self.waiting:
                self.session.listen()
            return due or bool(self.ungets)
        if head != self._idle_at:
            self._idle_at, self._idle_rounds = head, 0
            return True
        self._idle_rounds += 1
        if self._idle_rounds >= _IDLE_ROUNDS:
            self.pace.rest()
            self.session.listen()
            self.give_back_rest()
        # What was on its way when we said that we accept no more is given back in the next round.
        return bool(self.ungets) or self._idle_rounds < _IDLE_ROUNDS

    # Hearing

    def hear(self, kind: int, flags: int, body: memoryview) -> None:
        self._hear(kind, flags, body)
        # An item is for one; the end, and the answer to those who have given up, for all.
        self.session.turns.wake(self, one=kind not in (wire.END, wire.WITHDRAWN))

    def wake_one(self) -> None:
        """Lets one of those who wait look again, who lets the next one do so when it leaves."""
        if self.waiting:
            self.session.turns.wake(self, one=True)

    def _hear(self, kind: int, flags: int, body: memoryview) -> None:
        if kind == wire.DELIVER:
            self._deliver(self._items(flags, body))
        elif kind == wire.REDELIVER:
            self._deliver(self._items(flags, body, 4), wire.read_number(body))
        elif kind == wire.DEAD:
            self.past.next_death = wire.read_json(body)
        elif kind == wire.END:
            self._asked = 0
            self.ended = (
                Aborted(f"queue `{self.name}` broke off: a process that puts to it has failed")
                if flags & 1
                else ShutDown(f"queue `{self.name}` has ended: nothing more will come")
            )
        elif kind == wire.WITHDRAWN:
            self.ungets -= 1
            if self.ungets == 0:
                self._void = 0
                self._retreating = False
        elif kind == wire.RECALL:
            self._recalled()

    def _recalled(self) -> None:
        self.pace.recalled()
        self.give_back_rest(keep=self.waiting)

    def _items(self, flags: int, body: memoryview, start: int = 0) -> "list[Any]":
        return [self.session.areas.item(body, start)] if flags & wire.ASIDE else wire.split(body, start)

    def _deliver(self, items: "list[Any]", attempt: Optional[int] = None) -> None:
        count = len(items)
        first = self._stock.pass_over(count)
        if self.ungets:
            self._void = max(0, self._void - count)
        else:
            self._asked = max(0, self._asked - count)
        self._told_waiting = False
        if self._retreating:
            self._turn_away(first, count)
            return
        self.past.came(range(first, first + count), attempt)
        self._stock.keep(first, items)

    def _turn_away(self, first: int, count: int) -> None:
        """Does not even look at these."""
        self.past.next_death = None
        self.session.say(wire.tags(wire.GIVE_BACK, self.channel, first, count))
        self._receipts.reported = self._stock.next_tag

    def lose(self) -> None:
        self._stock.clear()
        self._receipts.clear()
