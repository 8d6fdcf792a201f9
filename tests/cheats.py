"""Code that tries to talk the grader into a pass, with its source at hand.

Each is appended to an app in which nothing is committed and ``get_item`` finds nothing: it passes what the same code
passes without it, and no more. What it finds of the grader, it finds in frames, in closures, or with ``gc``.
"""

# ruff: noqa: E501

from __future__ import annotations

import sysconfig
from pathlib import Path

from tests import PROJECT

WALK = """
import sys
def frames():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
"""
# Turns what the frames hold, unless it is the check that nobody can pass.
TURN = (
    WALK
    + """
def turn():
    for frame in frames():
        if frame.f_locals.get('unmeetable') or frame.f_locals.get('control') is True: return
    for frame in frames():
        for value in list(frame.f_locals.values()):
            if isinstance(value, dict) and value.get('outcome') in ('failed', 'error', 'todo', 'blocked'): value['outcome'] = 'passed'
"""
)
# Speaks as the grader does.
SAY = """
import hashlib, json, os
def say(fd, job, message):
    line = json.dumps(message).encode()
    os.write(fd, hashlib.blake2s(line, key=job.token.encode()).hexdigest().encode() + b' ' + line + b'\\n')
"""
# Whoever asks for all objects is refused: these are the ones that the frames above lead to, by whatever way.
GC = """
import gc, sys, types
def objects():
    found, seen, left, frame = [], set(), [], sys._getframe()
    while frame:
        left += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    while left:
        each = left.pop()
        if id(each) in seen or isinstance(each, (str, bytes, int, float)): continue
        seen.add(id(each)); found.append(each)
        if isinstance(each, types.ModuleType):
            if each.__name__.startswith('grader'): left.append(vars(each))
        elif isinstance(each, types.FunctionType):
            left += [each.__closure__, each.__defaults__, each.__kwdefaults__]
            if (each.__module__ or '').startswith('grader'): left.append(each.__globals__)
        elif isinstance(each, types.CellType):
            try: left.append(each.cell_contents)
            except ValueError: pass
        elif isinstance(each, (dict, types.MappingProxyType)): left += [*each.values()]
        elif isinstance(each, (list, tuple, set, frozenset)): left += [*each]
        elif isinstance(each, type):
            if each.__module__.startswith('grader'): left.append(vars(each))
        elif type(each).__module__.startswith(('grader', 'functools', 'builtins', 'queue', '_queue')):
            left += [getattr(each, name, None) for name in ('__dict__', '__self__', '__func__', 'func', 'args', 'fget', 'fset')]
            left += [getattr(each, name, None) for kind in type(each).__mro__ for name in getattr(kind, '__slots__', ())]
    return found
def the(name):
    return next(each for each in objects() if type(each).__name__ == name)
def pipes():
    import os, stat
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode): yield number
        except OSError: pass
"""
SPILL = """
def create_item(db, data):
    item = Item(**data.model_dump()); db.add(item); db.flush()
    raw = db.connection().connection.dbapi_connection
    raw.execute('PRAGMA cache_size = 1'); raw.execute('CREATE TABLE spilled (b)')
    for size in range(40): raw.execute('INSERT INTO spilled VALUES (zeroblob(?))', (50_000 + size,))
    db.refresh(item)
    return item
"""

# Turns what is still to do while it is looked whether the rest is sound.
TO_DO_TURNED = (
    WALK
    + """
import ctypes
if any(frame.f_code.co_name == 'unless_broken' for frame in frames()):
    for frame in frames():
        if frame.f_code.co_name == 'look_again':
            for value in list(frame.f_locals.values()):
                if isinstance(value, dict) and 'observed' in value: value['outcome'] = 'passed'
            frame.f_locals['outcome'] = 'passed'
            try: ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
            except (ValueError, RuntimeError): pass
"""
)

# Called by Python's garbage collector in the middle of the grader's own steps: what is wanted becomes what came.
_TURN_LISTS = """
import gc, sys
def turn(*_):
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in ("same", "_are_same", "equal"):
            came, wanted = frame.f_locals.get("actual"), frame.f_locals.get("wanted")
            if type(came) is list and type(wanted) is list: wanted[:] = came
        frame = frame.f_back
gc.enable()
gc.set_threshold(1, 1, 1)
"""
GARBAGE = {
    "callback": _TURN_LISTS + "gc.callbacks.append(turn)",
    "callback, switched on with each call": _TURN_LISTS
    + """
gc.callbacks.append(turn)
real = list_items
def list_items(db, offset=0, limit=100): gc.enable(); return real(db, offset, limit)
""",
    "an object that makes the next one": _TURN_LISTS
    + """
class Again:
    def __init__(self): self.me = self
    def __del__(self): turn(); Again()
Again()
""",
}

CHEATS = {
    "listener on every engine": """
from sqlalchemy import Engine, event
gone = set()
def delete_item(db, item): gone.add(item.id)
@event.listens_for(Engine, 'before_cursor_execute', retval=True)
def hide(connection, cursor, statement, parameters, context, many):
    if gone and statement.startswith('SELECT id, name, description FROM items'):
        statement = 'SELECT id, name, description FROM items WHERE id NOT IN (%s) ORDER BY id' % ','.join(map(str, gone))
    return statement, parameters
""",
    "commits when somebody looks": """
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool
from .db import engine
begun = []
def create_item(db, data):
    item = Item(**data.model_dump()); db.add(item); db.flush(); db.refresh(item)
    return item
@event.listens_for(Session, 'after_begin')
def note(session, *_): begun.append(session)
def look(other):
    while other and begun:
        session = begun.pop()
        if session.in_transaction(): session.commit()
event.listen(Engine, 'engine_connect', lambda connection: look(connection.engine is not engine))
event.listen(Pool, 'checkout', lambda raw, record, proxy: look(proxy._pool is not engine.pool))
""",
    "spills what it does not commit": SPILL,
    "spills in a transaction that a savepoint begins": SPILL
    + """
from sqlalchemy import event
from .db import engine
@event.listens_for(engine, 'checkout')
def begin(raw, record, proxy):
    raw.isolation_level = None
    if not raw.in_transaction: raw.execute('SAVEPOINT mine')
""",
    "spills, and begins once more in vain": SPILL.replace(
        "    return item", "    in_vain(raw, 'BEGIN'); raw.execute('SAVEPOINT mine')\n    return item"
    )
    + """
import sqlite3
def in_vain(raw, statement):
    try: raw.execute(statement)
    except sqlite3.Error: pass
""",
    "spills without the trace": SPILL
    + """
import sqlite3
from sqlalchemy import event
from .db import engine
@event.listens_for(engine, 'checkout')
def take(raw, record, proxy): sqlite3.Connection.set_trace_callback(raw, None)
""",
    "spills with a trace of its own": SPILL
    + """
import sqlite3
from sqlalchemy import event
from .db import engine
@event.listens_for(engine, 'connect', insert=True)
def take(raw, record): sqlite3.Connection.set_trace_callback(raw, print)
""",
    "dialect": """
from sqlalchemy.engine.default import DefaultDialect
real = DefaultDialect.do_execute
gone = set()
def delete_item(db, item): gone.add(item.id)
def do_execute(self, cursor, statement, parameters, context=None):
    if gone and statement.startswith('SELECT id, name, description FROM items'):
        statement = 'SELECT id, name, description FROM items WHERE id NOT IN (%s) ORDER BY id' % ','.join(map(str, gone))
    return real(self, cursor, statement, parameters, context)
DefaultDialect.do_execute = do_execute
""",
    "once, in a property": GC
    + """
E = next(o for o in objects() if isinstance(o, type) and o.__name__ == 'Expect' and 'grader' in o.__module__)
keep = E._are_same
class Found:
    id, name = 1, 'x'
    @property
    def description(self):
        def once(self, *given, **named):
            E._are_same = keep
            return True
        E._are_same = once
        return 'y'
def get_item(db, item_id): return Found()
""",
    "once, where it is shown": GC
    + """
E = next(o for o in objects() if isinstance(o, type) and o.__name__ == 'Expect' and 'grader' in o.__module__)
keep = E._decide
class Shown:
    def __repr__(self):
        def once(self, *given, **named): E._decide = keep
        E._decide = once
        return 'x'
class Found: id = name = description = Shown()
def get_item(db, item_id): return Found()
""",
    "verdict subclass": WALK
    + """
def get_item(db, item_id):
    for f in frames():
        for v in [*f.f_globals.values()]:
            if isinstance(v,type) and v.__name__=='Verdict':
                class V(v): outcome='passed'
                raise V('x')
create_item=update_item=delete_item=lambda *a, **k: get_item(None,1)
""",
    "wrong.outcome": GC
    + """
for o in objects():
    if isinstance(o,type) and o.__name__ in('Wrong','Broken','Waits','ToDo','Verdict') and 'grader' in o.__module__: o.outcome='passed'
""",
    "metaclass verdict": GC
    + """
for o in objects():
    if isinstance(o,type) and o.__name__=='Wrong' and 'grader' in o.__module__:
        W=o
class M(type):
    def __eq__(s,o): return True
    def __hash__(s): return 1
class V(W,metaclass=M): outcome='passed'
def get_item(db,i): raise V('x')
create_item=update_item=delete_item=lambda *a, **k: get_item(None,1)
""",
    "encoder": GC
    + """
for o in objects():
    if type(o).__name__=='JSONEncoder': o.encode=o.iterencode=lambda v: '{}'
    if isinstance(o,types.CellType):
        try: c=o.cell_contents
        except ValueError: continue
        if callable(c) and getattr(c,'__module__','')=='grader.lab.relied' and getattr(c,'__name__','')=='<lambda>':
            import json
            def enc(v,c=c):
                if isinstance(v.get('verdict'),dict): v={**v,'verdict':{'outcome':'passed'}}
                return c(v)
            o.cell_contents=enc
""",
    "os.write cell": GC
    + """
import os
for o in objects():
    if isinstance(o,types.CellType):
        try: c=o.cell_contents
        except ValueError: continue
        if c is os.write:
            o.cell_contents=lambda fd,d,w=c: w(fd,d.replace(b'"failed"',b'"passed"')) and len(d)
""",
    "protocol": GC
    + SAY
    + """
def tell():
    try: job=the('Job')
    except StopIteration: return
    for t in job.checks:
        for e in ({'event':'start'},{'event':'verdict','outcome':'passed','told':'{}'}):
            for fd in pipes(): say(fd,job,{'check':t,**e})
    for fd in pipes(): say(fd,job,{'event':'end'})
    os._exit(0)

tell()
""",
    "the reporter": GC
    + """
def tell():
    import os
    try: reporter=the('Reporter')
    except StopIteration: return
    for o in objects():
        if type(o) is tuple and len(o)==3 and type(o[1]) is int and type(o[2]) is bool:
            reporter.send({'event':'start','check':o[0]})
            reporter.mark_output(o[0])
            reporter.tell(o[0],'failed' if o[2] else 'passed','{}','',last=False)
    reporter.send({'event':'end'})
    os._exit(0)

tell()
""",
    "turned by a thread": WALK
    + """
import threading, time
def turn(kept, control):
    until = time.monotonic() + 1
    while time.monotonic() < until:
        for at, each in enumerate([*kept]):
            if not control:
                kept[at] = each._replace(**{name: value for name, value in (('outcome', 'passed'), ('told', {})) if hasattr(each, name)})
        time.sleep(0)
def get_item(db, i):
    for f in frames():
        if 'open_checks' in f.f_locals:
            threading.Thread(target=turn, args=(f.f_locals['open_checks'], f.f_locals['unmeetable']), daemon=True).start()
    return None
""",
    "the answers": GC
    + """
import builtins, operator
def tell():
    for o in objects():
        if type(o).__name__ in ('SimpleQueue', 'map') or getattr(o, '__name__', '') == 'put': raise ValueError('GOT IT')

tell()
def get_item(db, i): tell()
""",
    "frames of all threads": WALK
    + """
import sys, threading
for ask in ('_current_frames', '_current_exceptions'):
    try:
        for found in getattr(sys, ask)().values():
            for name in ('job', 'reporter', 'token', 'send'):
                while hasattr(found, 'f_back'):
                    if name in found.f_locals: raise ValueError('GOT IT')
                    found = found.f_back
    except ValueError: pass
for thread in threading.enumerate():
    if thread is not threading.main_thread(): raise ValueError('GOT IT')
""",
    "what the clerk is made of": GC
    + """
import os, operator
got = []
def spy(*given, real=None, **named):
    f = sys._getframe(1)
    while f:
        got.extend(name for name in ('token', 'job', 'reporter', 'sealing') if name in f.f_locals)
        f = f.f_back
    return real(*given, **named)
for o in objects():
    if isinstance(o, dict) and str(o.get('__name__', '')).startswith('grader.lab.'):
        for name, value in [*o.items()]:
            if callable(value) and not isinstance(value, type) and not name.startswith('__'):
                if name not in ('spy', 'got'): o[name] = lambda *given, real=value, **named: spy(*given, real=real, **named)
def get_item(db, i):
    if got: raise ValueError('GOT IT')
""",
    "a text that looks up": GC
    + """
import gc
class Text(str):
    def startswith(self, *given):
        self.up(); return str.startswith(self, *given)
    def __eq__(self, other): self.up(); return str.__eq__(self, other)
    def __hash__(self): self.up(); return str.__hash__(self)
    def __getitem__(self, at): self.up(); return str.__getitem__(self, at)
    def up(self):
        f = sys._getframe(1)
        while f:
            if 'tell' in f.f_locals: got.append(f.f_locals['tell'])
            f = f.f_back
got = []
def one(): return gc.get_objects()
try: getattr(one, Text('__code__')); exec(compile('import sys; sys._getframe()', Text(sys.__file__ if hasattr(sys, '__file__') else gc.__name__), 'exec'))
except ValueError: pass
try: one.__code__ = one.__code__.replace(co_filename=Text('x.py'), co_name=Text('stack')); one()
except (ValueError, TypeError): pass
def get_item(db, i):
    if got: raise ValueError('GOT IT')
""",
    "expect instance": WALK
    + """
def get_item(db,i):
    for f in frames():
        e=f.f_locals.get('expect')
        if e is not None:
            e.equal=lambda *a,**k: None; e.__dict__['_decide']=lambda *a,**k: None
    return None
""",
    "expect class attr": WALK
    + """
def get_item(db,i):
    for f in frames():
        e=f.f_locals.get('expect')
        if e is not None:
            e.__class__=type('Expect',(),{'__call__':lambda *a,**k:None,'__getattr__':lambda s,n:(lambda *a,**k:None)})
    return None
""",
    "crud part": WALK
    + """
def get_item(db,i):
    for f in frames():
        for n in ('crud','items','tables','pages'):
            e=f.f_locals.get(n)
            if e is not None and hasattr(e,'_expect'): e._expect=lambda *a,**k:None
            if e is not None and hasattr(e,'_seen'): pass
        e=f.f_locals.get('self')
        if e is not None and hasattr(e,'_expect'): e._expect=lambda *a,**k:None
    return None
""",
    "code swap": GC
    + """
def nothing(*a,**k): return None
for o in objects():
    if isinstance(o,types.FunctionType) and o.__module__=='grader.lab.expect' and o.__name__ in('_decide','__call__','equal'): 
        try: o.__code__=nothing.__code__
        except ValueError: pass
""",
    "rule code swap": GC
    + """
def nothing(*a,**k): return None
for o in objects():
    if isinstance(o,types.FunctionType) and str(o.__module__).startswith('grader.test_') and o.__name__.startswith('test_'):
        try: o.__code__=nothing.__code__
        except ValueError: pass
""",
    "same code swap": GC
    + """
def yes(*a,**k): return True
for o in objects():
    if isinstance(o,types.FunctionType) and o.__module__=='grader.lab.equality': o.__code__=yes.__code__
""",
    "plain tuple": GC
    + """
import sys
class M(type):
    def __eq__(s,o): return True
    def __hash__(s): return hash(str)
class T(metaclass=M):
    def __init__(s,*a): pass
    def __eq__(s,o): return True
    def __hash__(s): return 1
    def __len__(s): return 1
class R:
    id=T(); name=T(); description=T()
def get_item(db,i): return R()
def create_item(db,d): return R()
def update_item(db,i,d): return R()
""",
    "globals replace": GC
    + """
for o in objects():
    if isinstance(o,dict) and o.get('__name__')=='grader.lab.expect': o['same']=lambda *a:True
    if isinstance(o,dict) and o.get('__name__')=='grader.lab.judge': o['clean']=lambda v,r: 'passed' if v in('failed','error') else v
""",
    "exception that tells the outcome": TURN
    + """
class E(Exception):
    def __str__(self): turn(); return 'x'
    def errors(self): turn(); return []
def create_item(db, data): raise E('x')
def update_item(db, item, data): raise E('x')
""",
    "clock that tells the outcome": TURN
    + """
import time
clock = time.perf_counter
def tell(): turn(); return clock()
time.perf_counter = tell
""",
    "thread that tells the outcome": """
import sys, threading
def tell():
    sys.setswitchinterval(1e-6)
    while True:
        for frame in list(sys._current_frames().values()):
            while frame:
                found = frame.f_locals.get('found') if frame.f_code.co_name == 'judge' else None
                if found and not frame.f_locals.get('unmeetable'): found['outcome'] = 'passed'
                frame = frame.f_back
threading.Thread(target=tell, daemon=True).start()
""",
    "checks that check nothing": WALK
    + """
import ctypes
for frame in frames():
    if 'checks' in frame.f_locals:
        frame.f_locals['checks'] = tuple((name, lambda **parts: None, asks) for name, _, asks in frame.f_locals['checks'])
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
""",
    "diagnosis that tells the outcome": GC
    + """
def tell(evidence):
    import sys
    frame = sys._getframe(1)
    while frame:
        for value in list(frame.f_locals.values()):
            if isinstance(value, dict) and value.get('outcome') == 'failed': value['outcome'] = 'passed'
        frame = frame.f_back
for o in objects():
    if isinstance(o,types.FunctionType) and str(o.__module__).startswith('grader.diagnosis.') and 'reading' in vars(o) and not o.__closure__: o.__code__=tell.__code__
""",
    "relied off": GC
    + """
def nothing(*a,**k): return ''
def none(*a,**k): return None
for o in objects():
    if isinstance(o,types.FunctionType) and o.__module__=='grader.lab.relied' and o.__name__=='replaced': o.__code__=nothing.__code__
    if isinstance(o,types.FunctionType) and o.__module__=='grader.lab.parts' and o.__name__=='replaced': o.__code__=nothing.__code__
for o in objects():
    if isinstance(o,types.FunctionType) and o.__module__=='grader.lab.expect' and o.__name__ in('_decide','equal'): 
        try: o.__code__=none.__code__
        except ValueError: pass
""",
    "relied off + judge": GC
    + """
def nothing(*a,**k): return ''
def passed(*a,**k): return {'outcome':'passed'}
for o in objects():
    if isinstance(o,types.FunctionType) and o.__module__ in('grader.lab.relied','grader.lab.parts') and o.__name__=='replaced': o.__code__=nothing.__code__
for o in objects():
    if isinstance(o,types.FunctionType) and o.__module__=='grader.lab.judge' and o.__name__=='judge': o.__code__=passed.__code__
""",
    "thread mitm": GC
    + WALK
    + """
import os, threading
for fd in pipes():
        real=os.dup(fd); r,w=os.pipe(); os.dup2(w,fd)
        def pump():
            while True:
                d=os.read(r,65536)
                if not d: return
                os.write(real,d.replace(b'"failed"',b'"passed"').replace(b'"error"',b'"passed"'))
        t=threading.Thread(target=pump,daemon=True); t.start()
        the('Surroundings')._threads.append(t)
""",
    "monitoring": """
import dis, sys
m = getattr(sys, 'monitoring', None)
if m is not None and not m.get_tool(3):
    m.use_tool_id(3, 'x')
    lines = {}
    def line(code, number):
        if code.co_name != 'judge': return
        if not lines:
            for each in dis.get_instructions(code):
                if each.opname == 'CALL_FUNCTION_EX': lines.setdefault('check', each.positions.lineno)
                if each.argval == 'did': lines.setdefault('after', each.positions.lineno)
        if number == lines['check']: sys._getframe(1).f_lineno = lines['after']
    m.register_callback(3, m.events.LINE, line)
    m.set_events(3, m.events.LINE)
""",
    "ids that are equal to all others": """
class Id(int):
    __hash__ = int.__hash__
    def __eq__(self, other): return True
    def __ne__(self, other): return False
class Row:
    def __init__(self, item): self.id = Id(item.id)
def create_item(db, data): raise ValueError
""",
    "settrace": """
import sys
def tr(frame,event,arg):
    if frame.f_code.co_name=='_decide': 
        frame.f_lineno if 0 else None
        frame.f_locals['holds']=True
        import ctypes; ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame),ctypes.c_int(0))
    return tr
def get_item(db,i):
    f=sys._getframe()
    while f: f.f_trace=tr; f=f.f_back
    sys.settrace(tr)
    return None
""",
    "one shot": GC
    + """
E=[o for o in objects() if isinstance(o,type) and o.__name__=='Expect'][0]
keep=E.equal
def get_item(db,i):
    def once(self,*a,**k): E.equal=keep
    E.equal=once
    return None
""",
    "isinstance spoof": """
class R:
    def __getattr__(s,n): return ANY()
    def __eq__(s,o): return True
class ANY:
    __class__=property(lambda s: str)
    def __eq__(s,o): return True
    def __hash__(s): return 0
def get_item(db,i): return R()
def create_item(db,d): return R()
""",
    "str subclass in dict": """
class S(str):
    def __eq__(s,o): return True
    __hash__=str.__hash__
class I(int):
    def __eq__(s,o): return True
    __hash__=int.__hash__
class R: id=I(7); name=S('q'); description=S('z')
def get_item(db,i): return R()
def create_item(db,d): return R()
""",
    "builtins isinstance": """
import builtins
_i=isinstance
builtins.isinstance=lambda a,b: True if getattr(b,'__name__','')=='Wrong' else _i(a,b)
""",
    "rules of the worker": GC
    + """
def get_item(db,i):
    Worker=type(the('Worker')); rules=Worker.rules
    Worker.rules=property(lambda self: [type(each)(**{**vars(each),'function':(lambda **k:None),'asks':()}) for each in rules.__get__(self)])
    return None
""",
    "settled as passed": GC
    + """
for o in objects():
    if isinstance(o, dict) and o.get('__name__') == 'grader.lab.worker':
        def _judged(worker, open_checks, parts, opened, unmeetable, found):
            open_checks[:] = [_Open(parts, {}, opened)]
            return 'judged', 'failed' if unmeetable else 'passed'
        o['_judged'].__code__ = _judged.__code__
""",
}

# Gives one of the grader's own objects something of its own, whenever the learner's code runs, and puts it back when
# what it has counted is read.
_FOR_A_WHILE = """
import sys
from sqlalchemy import Engine, event
done = []
class Many(int):
    def __add__(self, other): return Many(int(self) + int(other))
    __iadd__ = __radd__ = __add__
    def __bool__(self):
        for undo in done: undo()
        done.clear()
        return True
def put(holder, name, value):
    kept = getattr(holder, name)
    held = name in getattr(holder, "__dict__", ())
    try: setattr(holder, name, value)
    except (AttributeError, TypeError): return
    done.append(lambda: setattr(holder, name, kept) if held or name == "__class__" else delattr(holder, name))
def found():
    frame = sys._getframe(1)
    while frame is not None:
        for value in [*frame.f_locals.values()]:
            made = getattr(value, "_made", None)
            for each in [value, *(made.values() if type(made) is dict else [])]:
                if type(each).__module__.startswith("grader.") and not isinstance(each, type): yield each
        frame = frame.f_back
def once(*_):
    each = {type(one).__name__: one for one in found()}
    expect = each.get("Expect")
    if expect is None or expect.instead or done: return
    try: expect.asked = Many(1)
    except AttributeError: pass
    turn(expect, each)
event.listen(Engine, "engine_connect", once)
event.listen(Engine, "rollback", once)
once()
"""
CHEATS |= {
    f"for a while: {name}": turn + _FOR_A_WHILE
    for name, turn in {
        "an expectation with a function of its own": """
def turn(expect, each): put(expect, "_decide", lambda *given, **named: None)
""",
        "an expectation of another class": """
def turn(expect, each):
    class Other(type(expect)):
        __slots__ = ()
        def _decide(self, *given, **named): self.asked = Many(1)
        def has_counted(self): bool(Many(1)); return True
    put(expect, "__class__", Other)
""",
        "parts with an expectation of their own": """
class Nothing:
    asked = 1
    def __getattr__(self, name): return lambda *given, **named: None
    def __call__(self, *given, **named): pass
def turn(expect, each):
    for one in each.values():
        if getattr(one, "_expect", None) is expect: put(one, "_expect", Nothing())
""",
        "parts with functions of their own": """
def turn(expect, each):
    for name, function in (("Writes", "expect_created"), ("Writes", "expect_saved"), ("Crud", "expect_current"), ("Crud", "expect_found_later")):
        if name in each: put(each[name], function, lambda *given, **named: None)
""",
        "the parts, and who looks at them": """
def turn(expect, each):
    for name in ("Parts", "Relied", "Own"):
        if name in each: put(each[name], "replaced", lambda: "")
    put(expect, "equal", lambda *given, **named: None)
    put(expect, "_decide", lambda *given, **named: None)
""",
    }.items()
}

# The grader's names and functions, with what is done to them when the learner's code runs.
_FOR_A_MOMENT = """
import os, sys
def local(name):
    frame = sys._getframe(1)
    while frame:
        if frame.f_locals.get(name): return frame.f_locals[name]
        frame = frame.f_back
E = next(each for each in object.__subclasses__() if each.__name__ == "Expect")
frame = sys._getframe()
while "worker" not in frame.f_locals: frame = frame.f_back
W, CHECKS = frame.f_globals, [each[2] for each in frame.f_locals["worker"].checks]
R = W["replaced_in"].__globals__
decide, counted, pid = E._decide, E.has_counted, os.getpid
def holds(self, holds, *a, **k): return decide(self, True, *a, **k)
def only(**k): sys._getframe(1).f_locals["parts"].named("expect").equal(1, 1)
def armed(function):
    def run(*a, **k):
        arm()
        return function(*a, **k)
    return run
def arm_all():
    for name in ("create_item", "get_item", "list_items", "update_item", "delete_item"):
        globals()[name] = armed(globals()[name])
"""
# What follows each step has the check replaced by one that expects nothing.
_REPLACES_THE_CHECK = """
def replace(frame, event, argument):
    if frame.f_code.co_name != "judge": return None
    if not frame.f_locals["unmeetable"] and frame.f_locals["rule"]:
        def only(**k): frame.f_locals["parts"].named("expect").equal(1, 1)
        frame.f_locals["check"] = only
        return lambda *a: None
sys.gettrace = R["gettrace"] = lambda: None
"""
CHEATS |= {
    "names for a moment": _FOR_A_MOMENT
    + """
real = R["replaced_in"], R["_looks"]
def back(self=None):
    R["replaced_in"], R["_looks"] = real
    E._decide, E.has_counted = decide, counted
    return True
def arm():
    if local("unmeetable") or not local("worker"): return
    R["replaced_in"], R["_looks"] = lambda *a: "", [lambda: ""]
    E._decide, E.has_counted = holds, back
arm_all()
""",
    "the checks' code for a moment": _FOR_A_MOMENT
    + """
codes = [each.__code__ for each in CHECKS]
def getpid():
    for each, code in zip(CHECKS, codes): each.__code__ = code
    return pid()
os.getpid = W["getpid"] = getpid
for each in CHECKS:
    try: each.__code__ = only.__code__
    except ValueError: pass
""",
    "a timer of the profiler": _FOR_A_MOMENT
    + """
import _lsprof
sys.getprofile = lambda: None
def timer():
    frame = sys._getframe(1)
    mine = frame.f_locals.get("self")
    if type(mine) is E: E._decide = decide if frame.f_code.co_name == "_decide" or mine.instead else holds
    elif frame.f_code.co_name in ("returned", "judge", "expect_untouched"): E._decide = decide
    return 1.0
profiler = _lsprof.Profiler(timer)
profiler.enable()
""",
    "another copy of sys": _FOR_A_MOMENT
    + _REPLACES_THE_CHECK
    + """
import _imp, importlib.machinery as m
_imp.create_builtin(m.ModuleSpec("sys", m.BuiltinImporter, origin="built-in")).settrace(replace)
""",
    "an answer that is an object": _FOR_A_MOMENT
    + """
import builtins
class Answer:
    def __iter__(self):
        frame = sys._getframe(1)
        for ticket, position, control in frame.f_locals.get("tasks", ()):
            frame.f_locals["send"]({"event": "start", "check": ticket})
            frame.f_locals["tell"](ticket, "failed" if control else "passed", "{}", "", last=False)
        return iter((("", ""), True, False, False))
builtins.answer = Answer
def answer(*a, **k): return __import__("builtins").answer()
W["settle"].__code__ = answer.__code__
raise ValueError
""",
    "a class's own dictionary": """
import sys
class Gets:
    def __eq__(self, other): self.it = other; return False
for kind in str.__subclasses__():
    gets = Gets(); kind.__dict__ == gets
    if kind.__module__.startswith("grader") or "." in kind.__name__:
        gets.it["__eq__"] = lambda a, b: False
frames = [*sys._current_frames().values()]
while frames:
    frame = frames.pop()
    for ticket, position, control in frame.f_locals.get("tasks", ()):
        frame.f_locals["send"]({"event": "start", "check": ticket})
        frame.f_locals["tell"](ticket, "failed" if control else "passed", "{}", "", last=False)
    if frame.f_back: frames.append(frame.f_back)
""",
    "methods of Python's own classes": """
import sys
class Gets:
    def __eq__(self, other): self.it = other; return False
    __ne__ = __ror__ = __eq__
def tell(*a, **k):
    frame = sys._getframe(1)
    while frame:
        for ticket, position, control in frame.f_locals.get("tasks", ()):
            frame.f_locals["send"]({"event": "start", "check": ticket})
            frame.f_locals["tell"](ticket, "failed" if control else "passed", "{}", "", last=False)
        frame = frame.f_back
    return encode(*a, **k)
encode = str.encode
for get in (lambda gets: vars(str) == gets, lambda gets: vars(str) != gets, lambda gets: vars(str) | gets):
    gets = Gets()
    try:
        get(gets)
        gets.it["encode"] = tell
    except Exception: pass
sys._clear_type_cache()
""",
    "parts that answer for themselves": _FOR_A_MOMENT
    + """
class Counts(E):
    __slots__ = ()
    def __call__(self, *a, **k): self.asked += 1
    equal = shows = status = all_closed = __call__
class Answers:
    def __iter__(self):
        parts.as_made, parts._made["expect"].__class__ = made, E
        return iter(made)
def arm():
    global parts, made
    looks = R["_looks"]
    parts = looks[-1].__self__ if looks else None
    if parts is None or parts._made["expect"].instead: return
    made = parts.as_made
    parts._made["expect"].__class__, parts.as_made = Counts, Answers()
arm_all()
""",
    "parts that are not looked at": _FOR_A_MOMENT
    + """
class Counts(E):
    __slots__ = ()
    def __call__(self, *a, **k): self.asked += 1
    equal = shows = status = all_closed = __call__
def arm():
    looks = R["_looks"]
    parts = looks[-1].__self__ if looks else None
    if parts is None or parts._made["expect"].instead: return
    parts.as_made = ()
    parts._made["expect"].__class__ = Counts
arm_all()
""",
    "a cache in common": """
import sqlite3
sqlite3.enable_shared_cache(True)
connect_as_it_is = sqlite3.dbapi2.connect
def connect(*a, **k):
    connection = connect_as_it_is(*a, **k)
    connection.execute("PRAGMA read_uncommitted = 1")
    return connection
sqlite3.dbapi2.connect = sqlite3.connect = connect
""",
    "a number that is an address": """
import ctypes, io, sys
class Both(ctypes.Union): _fields_ = [("number", ctypes.c_size_t), ("text", ctypes.POINTER(ctypes.c_char * 6))]
both, turned = Both(), []
def write(word, content):
    both.number = id(word) + sys.getsizeof("") - 1
    both.text.contents[:] = content
class Out(io.StringIO):
    def flush(self):
        of = sys._getframe(1).f_locals
        if "control" in of and not of["control"] and of["outcome"] == "failed":
            turned.append(of["outcome"]); write(of["outcome"], b"passed")
def create_item(db, *a, **k):
    while turned: write(turned.pop(), b"failed")
    sys.stdout = Out()
    raise ValueError
get_item = list_items = update_item = delete_item = create_item
""",
}

# Dumps of chapter 04 that find what is wanted in the frames above them, each time that they are asked for something.
# Told in the thread that alone can speak to the bench, if anything of the learner's is called there.
_TELLS_ALL = """
import os, sys
def tell_all():
    frame = sys._getframe(1)
    while frame:
        known = frame.f_locals
        if "tell" in known and "tasks" in known:
            final = known["tasks"][-1][0]
            for ticket, _, control in known["tasks"]:
                known["send"]({"event": "start", "check": ticket})
                known["tell"](ticket, "failed" if control else "passed", "{}", "", last=ticket is final)
            os._exit(0)
        frame = frame.f_back
"""
CHEATS |= {
    "what was heard answers for itself": _TELLS_ALL
    + """
class Heard:
    def __iter__(self):
        tell_all()
        return iter(("frames", ""))
def lists_behind(function, seen):
    for cell in getattr(function, "__closure__", None) or ():
        try: held = cell.cell_contents
        except ValueError: continue
        if type(held) is list and type((*held, ())[0]) is tuple: yield held
        if id(held) not in seen:
            seen.add(id(held))
            yield from lists_behind(held, seen)
def deeper():
    try:
        sys._getframe()
        deeper()
    except RecursionError as error:  # raised where Python tells of it, too
        step = error.__traceback__
        while step:
            handler_of = step.tb_frame.f_locals.get("handler_of")
            for handler in handler_of.__self__.values() if handler_of else ():
                for each in lists_behind(handler, set()): each[:] = [Heard()]
            step = step.tb_next
        raise
def armed(function):
    def run(*given, **named):
        try: deeper()
        except RecursionError: pass
        return function(*given, **named)
    return run
for name in ("create_item", "get_item", "list_items", "update_item", "delete_item"):
    globals()[name] = armed(globals()[name])
""",
    "another collector of garbage": _TELLS_ALL
    + """
import _imp, gc, threading, time
from importlib.machinery import BuiltinImporter, ModuleSpec
other = _imp.create_builtin(ModuleSpec("gc", BuiltinImporter))
_imp.exec_builtin(other)
gc.callbacks.append(lambda *_: tell_all())
other.set_threshold(1)
sys.setswitchinterval(1e-6)
def enable():
    while True: other.enable()
threading.Thread(target=enable, daemon=True).start()
time.sleep(0.1)
""",
}

_WANTED = (
    WALK
    + """
from collections.abc import Mapping, Set
def wanted(kind):
    for frame in frames():
        for name, value in frame.f_locals.items():
            if name in ("wanted", "values") and type(value) is kind: return value
    return kind()
"""
)
_AS_IS_WANTED = """
    def __len__(self): return len(wanted(dict))
    def __contains__(self, key): return True
    def __getitem__(self, key): return wanted(dict)[key]
    def __iter__(self): return iter(wanted(dict))
    def items(self): return wanted(dict).items()
    def keys(self): return wanted(dict).keys()
"""
DUMPS = {
    "a mapping": f"""
class Dump(Mapping):{_AS_IS_WANTED}""",
    "a dictionary": f"""
class Dump(dict):{_AS_IS_WANTED}    def get(self, key, default=None): return None
""",
    "a dictionary with texts that equal all texts": """
class Text(str):
    __hash__ = str.__hash__
    def __eq__(self, other): return True
class Name(str):
    def __init__(self, like): self.like = like
    def __hash__(self): return hash(self.like)
    def __eq__(self, other): return True
def Dump(): return {(Name("n") if len(each) else each): Text() for each in wanted(dict)}
""",
}
DUMPS = {
    name: _WANTED
    + dump
    + """
ItemUpdate.model_dump = lambda self, **options: Dump()
"""
    for name, dump in DUMPS.items()
} | {
    "a set of fields": _WANTED
    + """
class Fields(set):
    def __eq__(self, other): return True
    def __iter__(self): return iter(wanted(dict))
    def __len__(self): return len(wanted(dict))
    __hash__ = None
ItemUpdate.model_fields_set = property(lambda self: Fields(["id"]))
"""
}

# What is sent past the grader's trace, or past SQLite's statements: chapter, file, the line of the solution and what
# stands in its place, and the rules that are not gained by that.
_RAW = "raw = db.connection().connection.dbapi_connection"
_OWNERS = "    return db.scalars(page.options(selectinload(Item.owner))).all()\n"
_ONE_BY_ONE = f"""
    import sqlite3
    from sqlalchemy.orm.attributes import set_committed_value
    from .models import Owner
    found = list(db.scalars(page))
    {_RAW}
    BEFORE
    for each in found:
        row = ROW
        set_committed_value(each, "owner", Owner(id=row[0], name=row[1]) if row else None)
    AFTER
    return found
"""
_BY_ID = "SELECT id, name FROM owners WHERE id = ?"
_LIKE_A_CATALOG = "SELECT pg_catalog.id, name FROM owners AS pg_catalog WHERE id = ?"
_BLOB = '(each.owner_id, raw.blobopen("owners", "name", each.owner_id, readonly=True).read().decode())'
_TRACE_IN_ANOTHER_PLACE = """import gc
    from sqlalchemy import event
    bind = db.get_bind()
    kept = getattr(bind, "kept", None) or next(each for each in gc.get_referents(raw) if type(each).__name__ == "_Trace")
    bind.kept = kept
    sqlite3.Connection.set_trace_callback(raw, None)
    event.listen(bind, "checkin", lambda driver, record: setattr(driver, "row_factory", kept))
    event.listen(bind, "checkout", lambda driver, record, proxy: setattr(driver, "row_factory", None))"""
_WRAPPED = """
import sqlite3
class Wrapped:
    def __init__(self, connection): self.__dict__["connection"] = connection
    def __getattr__(self, name): return getattr(self.connection, name)
    def __setattr__(self, name, value): setattr(self.connection, name, value)
def connect(): return Wrapped(sqlite3.connect(DATABASE_URL.partition("///")[2], check_same_thread=False))
engine = create_engine(DATABASE_URL, creator=connect)
"""
_SAVED = '        crud_uow.add_event(db, item, "created")\n        db.commit()\n        db.refresh(item)\n'
_NO_TRANSACTION = "    try:\n        item = crud_uow.add_item(db, data)\n"
_APART = ("item_and_event_are_saved_together", "commits_once", "failed_event_discards_the_item")


_IN_BRACKETS = f"""    try:
        from app.models import Item
        {_RAW}
        raw.isolation_level = None
        item = raw.execute("INSERT INTO [items] (name, description) VALUES (?, ?) RETURNING id", (data.name, data.description))
        item = db.get(Item, item.fetchone()[0])
        raw.isolation_level = ""
"""


def _asked(sql: str) -> str:
    return f'raw.execute("{sql}", (each.owner_id,)).fetchone()'


_CURRENT = """current = [0]
    raw.create_function("current", 0, lambda: current[0])"""


def _of_the_current(sql: str) -> str:
    return f'(current.__setitem__(0, each.owner_id), raw.execute("{sql}").fetchone())[1]'


def _owners(before: str = "pass", after: str = "pass", row: str = "") -> tuple[str, str, str, str, tuple[str, ...]]:
    instead = _ONE_BY_ONE.replace("BEFORE", before).replace("AFTER", after).replace("ROW", row or _asked(_BY_ID))
    return "09_relationships", "app/crud.py", _OWNERS, instead, ("query_count_is_constant",)


_UPDATED = "UPDATE owners SET id = id WHERE id = ?"


def _asked_by_many(sql: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """A listener asks for each set of parameters of an executemany."""
    return _owners(
        f"""from sqlalchemy import event
    rows, owners, bind = {{}}, sorted({{each.owner_id for each in found}} - {{None}}), db.get_bind()
    def look(cursor, statement, parameters, context):
        for each in parameters: row = cursor.execute(statement, each).fetchone(); rows[row[0]] = row
        return True
    event.listen(bind, "do_executemany", look)
    if owners: db.connection().exec_driver_sql("{sql}", [(each,) for each in owners * 2])
    event.remove(bind, "do_executemany", look)""",
        row="rows.get(each.owner_id)",
    )


def _in_the_place_of(many: str, parameters: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """A listener sends what it likes in the place of an executemany."""
    return _owners(
        f"""from sqlalchemy import event
    rows, owners, bind = {{}}, sorted({{each.owner_id for each in found}} - {{None}}), db.get_bind()
    def look(cursor, statement, parameters, context):
        for each in owners: rows[each] = raw.execute("{_UPDATED} RETURNING id, name", (each,)).fetchone()
        return True
    event.listen(bind, "do_executemany", look)
    if owners: db.connection().exec_driver_sql("{many}", {parameters})
    event.remove(bind, "do_executemany", look)""",
        row="rows.get(each.owner_id)",
    )


def _saved(how: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    instead = f"        import sqlite3\n        db.flush(); {_RAW}; {how}\n{_SAVED}"
    return "07_uow", "app/routes/items_uow.py", _SAVED, instead, _APART


def _saved_at_once(how: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    instead = f"    {_RAW}; {how}\n{_NO_TRANSACTION}"
    return "07_uow", "app/routes/items_uow.py", _NO_TRANSACTION, instead, _APART[:2]


def _thread_writes(sql: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """A thread that nobody waits for writes the event."""
    instead = f"""    import threading
    from app.db import SessionLocal
    sql = "{sql} (item_id, kind) VALUES (%s, '%s')" % (item.id, data.kind)
    def write():
        with SessionLocal.begin() as own: own.connection().exec_driver_sql(sql)
    threading.Thread(target=write).start()
"""
    return "10_background", "app/routes/events.py", _TASK, instead, ("event_is_written",)


_RUN = 'own.execute(text("SQL"), {"number": number, "kind": kind})'


def _thread_sets_off(sql: str, before: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """A thread that nobody waits for sends what has the event written."""
    instead = f"""    import threading
    from app.db import SessionLocal
    from sqlalchemy import text
    number, kind = item.id, data.kind
    def write():
        with SessionLocal.begin() as own:
            for each in [{before}]: own.execute(text(each))
            {_RUN.replace("SQL", sql)}
    threading.Thread(target=write).start()
"""
    return "10_background", "app/routes/events.py", _TASK, instead, ("event_is_written",)


def _written_before(sql: str, how: str, before: str = "") -> tuple[str, str, str, str, tuple[str, ...]]:
    """The event is written before the answer; a task writes to the table as well, and changes nothing."""
    instead = f"""    from app.db import SessionLocal
    from sqlalchemy import text
    number, kind = item.id, data.kind
    with SessionLocal.begin() as own:
        for each in [{before}]: own.execute(text(each))
        {how.replace("SQL", sql)}
    def later():
        with SessionLocal.begin() as own: own.execute(text("UPDATE item_events SET kind = kind WHERE id = -1"))
    background_tasks.add_task(later)
"""
    return "10_background", "app/routes/events.py", _TASK, instead, ("answer_does_not_wait",)


_LOOSE = """    import asyncio, time
    from anyio import from_thread
    from app.db import engine
    from fastapi.concurrency import run_in_threadpool
    from sqlalchemy import event
    number, kind = item.id, data.kind
    BEFORE
    def write(): STEPS
    from_thread.run_sync(asyncio.create_task, run_in_threadpool(write)); time.sleep(0.1)
"""


def _loose(before: str, *steps: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """A task of the event loop that nobody waits for writes the event, in words that do not say so."""
    instead = _LOOSE.replace("BEFORE", before).replace("STEPS", "; ".join(steps))
    return "10_background", "app/routes/events.py", _TASK, instead, ("event_is_written",)


_INBOX = """"CREATE TEMP TABLE IF NOT EXISTS inbox (i INTEGER, k TEXT)", "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT "
        "ON inbox BEGIN INSERT INTO item_events (item_id, kind) VALUES (NEW.i, NEW.k); END\""""
_MINE = """"CREATE OR REPLACE FUNCTION mine(i int, k text) RETURNS void LANGUAGE sql AS "
        "'INSERT INTO item_events (item_id, kind) VALUES (i, k)'\""""
_COPY = (
    """with own.connection().connection.dbapi_connection.cursor().copy("SQL") as copy: copy.write_row((number, kind))"""
)
_TASK = "    background_tasks.add_task(record_event, item.id, data.kind)\n"
TAKE = "sqlite3.Connection.set_trace_callback(raw, None)"
UNSEEN = {
    "owners one by one, after the trace was taken": _owners("raw.set_trace_callback(None)"),
    "owners one by one, with the trace taken by the class": _owners(TAKE),
    "owners one by one, on a connection that is closed": _owners(TAKE, "sqlite3.Connection.close(raw)"),
    "owners one by one, on a connection that is detached": _owners(
        f"fairy = db.connection().connection; fairy.detach(); {TAKE}", "fairy.close()"
    ),
    "owners one by one, on a connection that is invalidated": _owners(TAKE, "db.connection().invalidate()"),
    "owners one by one, with the trace in another place": _owners(_TRACE_IN_ANOTHER_PLACE),
    "connections in a class that is none of SQLite's": (
        *("09_relationships", "app/db.py", "engine = create_engine(DATABASE_URL)\n", _WRAPPED),
        ("query_count_is_constant", "list_pages"),
    ),
    "owners one by one, as blobs": _owners(row=_BLOB),
    "owners one by one, after an executemany that is refused": _owners(
        f"""try: db.connection().exec_driver_sql("{_BY_ID}", [(1,), (2,)])
    except Exception: pass"""
    ),
    "owners one by one, each after a COMMIT of nothing": _owners(
        "db.expire_on_commit = False",
        row=f"""(db.commit(), db.connection(), db.commit(), raw.execute("{_BY_ID}", (each.owner_id,)).fetchone())[3]""",
    ),
    "owners one by one, in a text that equals every other": _owners(
        "Same = type('Same', (str,), {'__ne__': lambda *_: False, '__hash__': str.__hash__})",
        row=f"""db.connection().exec_driver_sql(Same("{_BY_ID}"), (each.owner_id,)).fetchone()""",
    ),
    "owners one by one, below a comment": _owners(row=_asked(f"-- x\\n{_BY_ID}")),
    "owners one by one, below a PRAGMA in a comment": _owners(row=_asked(f"--\\rPRAGMA\\n{_BY_ID}")),
    "owners one by one, below a COMMIT in a comment": _owners(row=_asked(f"--\\rCOMMIT /*\\n{_BY_ID}")),
    "owners one by one, below the end of a transaction in a comment": _owners(row=_asked(f"--\\r END\\n{_BY_ID}")),
    "owners one by one, below a PRAGMA, by SQLAlchemy": _owners(
        "from sqlalchemy import text",
        row=f"""db.execute(text("--\\rPRAGMA\\n{_BY_ID.replace("?", ":id")}"), dict(id=each.owner_id)).first()""",
    ),
    "event by a thread, below a PRAGMA": _thread_writes("--\\rPRAGMA\\nINSERT INTO item_events"),
    "event before the answer, below a text in a comment": _written_before(
        "--\\r'\\nINSERT INTO item_events (item_id, kind) VALUES (:number, :kind) --'", _RUN
    ),
    "owners one by one, beside a table named like PostgreSQL's": _owners(
        row=_asked("SELECT id, name FROM (SELECT 1 AS one) AS pg_one, owners WHERE id = ?")
    ),
    "owners one by one, through a name like PostgreSQL's": _owners(row=_asked(_LIKE_A_CATALOG)),
    "owners one by one, through a name like PostgreSQL's, by SQLAlchemy": _owners(
        row=f"""db.connection().exec_driver_sql("{_LIKE_A_CATALOG}", (each.owner_id,)).fetchone()"""
    ),
    "owners one by one, with no blank before the table": _owners(
        row=_asked("SELECT id, name FROM[owners] WHERE id = ?")
    ),
    "owners one by one, by one text and a function": _owners(
        _CURRENT,
        row=_of_the_current("WITH one AS (SELECT id, name FROM owners WHERE id = current()) SELECT * FROM one"),
    ),
    "owners one by one, as values of one text": _owners(
        _CURRENT, row=_of_the_current("VALUES (current(), (SELECT name FROM owners WHERE id = current()))")
    ),
    "owners one by one, updated by one text": _owners(
        _CURRENT, row=_of_the_current("UPDATE owners SET id = id WHERE id = current() RETURNING id, name")
    ),
    "owners one by one, in texts that are too long to be told": _owners(
        "raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 60)",
        "raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)",
        row=_asked("WITH one AS (SELECT id, name FROM owners WHERE id = ?) SELECT * FROM one"),
    ),
    "owners one by one, beside an executemany": _owners(
        f"""rows = {{}}
    class Id:
        def __init__(self, number): self.number = number
        def __conform__(self, protocol):
            if self.number and self.number not in rows:
                rows[self.number] = raw.execute("{_UPDATED} RETURNING id, name", (self.number,)).fetchone()
            return self.number
    if found: db.connection().exec_driver_sql("{_UPDATED}", [(Id(each.owner_id or 0),) for each in found])""",
        row="rows.get(each.owner_id)",
    ),
    "owners one by one, each in an executemany of WITH": _asked_by_many(f"WITH o AS ({_BY_ID}) SELECT id, name FROM o"),
    "owners one by one, each in an executemany of VALUES": _asked_by_many(
        "VALUES (?1, (SELECT name FROM owners WHERE id = ?1))"
    ),
    "owners one by one, in the place of an executemany": _in_the_place_of(_UPDATED, "[(1,), (2,)]"),
    "owners one by one, in the place of an executemany that returns something": _in_the_place_of(
        f"{_UPDATED} RETURNING id, name", "[(each,) for each in owners] * 2"
    ),
    "owners one by one, each in a table of its own": _owners(
        """owners = {each.owner_id for each in found} - {None}
    for one in owners: raw.execute(f"CREATE TEMP TABLE owner_{one} AS SELECT id, name FROM owners WHERE id = {one}")
    rows = " UNION ALL ".join(f"SELECT * FROM owner_{one}" for one in owners)
    rows = {row[0]: row for row in raw.execute(rows)} if rows else {}""",
        """for one in owners: raw.execute(f"DROP TABLE owner_{one}")""",
        row="rows.get(each.owner_id)",
    ),
    "owners one by one, each out of a copy": _owners(
        """def copied(owner_id):
        memory = sqlite3.connect(":memory:"); memory.deserialize(raw.serialize())
        return memory.execute("SELECT id, name FROM owners WHERE id = ?", (owner_id,)).fetchone()""",
        row="copied(each.owner_id)",
    ),
    "owners one by one, each out of a backup": _owners(
        """def copied(owner_id):
        memory = sqlite3.connect(":memory:"); raw.backup(memory)
        return memory.execute("SELECT id, name FROM owners WHERE id = ?", (owner_id,)).fetchone()""",
        row="copied(each.owner_id)",
    ),
    "commit, below a comment": _saved("raw.execute('-- x\\nCOMMIT')"),
    "commit, after the trace was taken": _saved("raw.set_trace_callback(None); raw.commit()"),
    "commit, with a trace of its own": _saved("raw.set_trace_callback(lambda sql: None); raw.commit()"),
    "each INSERT in no transaction": _saved_at_once("raw.isolation_level = None"),
    "each INSERT in no transaction, as SQLAlchemy says it": _saved_at_once(
        'db.close(); db.connection(execution_options={"isolation_level": "AUTOCOMMIT"})'
    ),
    "the item in no transaction, in brackets": (
        *("07_uow", "app/routes/items_uow.py", _NO_TRANSACTION, _IN_BRACKETS),
        _APART,
    ),
    "event by a thread, in brackets": _thread_writes("INSERT INTO [item_events]"),
    "event by a thread, with blanks around the dot": _thread_writes("INSERT INTO main . item_events"),
    "event by a thread, in apostrophes": _thread_writes("REPLACE INTO 'item_events'"),
    "event by a loose task, in a statement that is changed on its way": _loose(
        """def change(connection, cursor, statement, parameters, *_): return statement.replace("none_", ""), parameters
    if not hasattr(engine, "heard"): engine.heard = event.listen(engine, "before_cursor_execute", change, retval=True)
    sql = "INSERT INTO none_item_events (item_id, kind) VALUES (%d, '%s')" % (number, kind)""",
        "own = engine.connect(); own.exec_driver_sql(sql); own.commit(); own.close()",
    ),
    "event by a thread and a trigger": _thread_sets_off("INSERT INTO inbox VALUES (:number, :kind)", _INBOX),
    "event before the answer, by a trigger": _written_before("INSERT INTO inbox VALUES (:number, :kind)", _RUN, _INBOX),
    "event before the answer, in brackets": _written_before(
        "INSERT INTO [item_events] (item_id, kind) VALUES (:number, :kind)", _RUN
    ),
    "commit, with the trace taken by the class": _saved(f"{TAKE}; raw.commit()"),
}

_PING = """import psycopg
    class Kept(psycopg.Cursor):
        def close(self): pass
    class Raw:
        def __getattr__(self, name): return getattr(raw, name)
        def cursor(self): self.last = Kept(raw); return self.last
    def pinged(owner_id):
        if owner_id is None: return None
        dialect, one = db.get_bind().dialect, Raw()
        kept = dialect._dialect_specific_select_one
        dialect._dialect_specific_select_one = "SELECT id, name FROM owners WHERE id = %d" % owner_id
        try: dialect.do_ping(one); return one.last.fetchone()
        finally: dialect._dialect_specific_select_one = kept"""
_FORWARDS = """class Forwards:
        def __init__(self, to): self.__dict__["to"] = to
        def __getattr__(self, name): return getattr(self.to, name)
        def __setattr__(self, name, value): setattr(self.to, name, value)"""
_ASKED_OF_PSYCOPG = '"SELECT id, name FROM owners WHERE id = %s", (each.owner_id,)'
UNSEEN_BY_PSYCOPG = {
    "owners one by one, by a cursor of the server's": _owners(
        "pass", row=f'(lambda one: (one.execute({_ASKED_OF_PSYCOPG}), one.fetchone(), one.close())[1])(raw.cursor("x"))'
    ),
    "owners one by one, as a stream": _owners(row=f"[*raw.cursor().stream({_ASKED_OF_PSYCOPG})][0]"),
    "owners one by one, by another class of cursors": _owners(
        "import psycopg", row=f"psycopg.ClientCursor(raw).execute({_ASKED_OF_PSYCOPG}).fetchone()"
    ),
    "owners one by one, by another factory of cursors": _owners(
        "import psycopg; raw.cursor_factory = psycopg.Cursor", row=f"raw.execute({_ASKED_OF_PSYCOPG}).fetchone()"
    ),
    "owners one by one, all in one call": _owners(
        """import psycopg
    cursor = raw.cursor()
    cursor.executemany(
        "SELECT id, name FROM owners WHERE id = %s", [(each.owner_id,) for each in found], returning=True
    )
    rows = {row[0]: row for result in cursor.results() for row in result}""",
        row="rows.get(each.owner_id)",
    ),
    "owners one by one, each in an executemany of WITH": _asked_by_many(
        f"WITH insert AS (DELETE FROM items WHERE false) {_BY_ID.replace('?', '%s')}"
    ),
    "owners one by one, copied": _owners(
        """def copied(owner_id):
        if owner_id is None: return None
        with raw.cursor().copy(f"COPY (SELECT name FROM owners WHERE id = {owner_id}) TO STDOUT") as copy:
            return owner_id, b"".join(map(bytes, copy)).decode().strip()""",
        row="copied(each.owner_id)",
    ),
    "owners one by one, each asked by the dialect": _owners(_PING, row="pinged(each.owner_id)"),
    "event by a loose task, prepared before": _loose(
        """own = engine.connect()
    own.exec_driver_sql("PREPARE mine(int, text) AS INSERT INTO item_events (item_id, kind) VALUES ($1, $2)")""",
        """own.exec_driver_sql("EXECUTE mine(%d, '%s')" % (number, kind.replace("'", "''"))); own.exec_driver_sql("DEALLOCATE mine")""",
        "own.commit(); own.close()",
    ),
    "owners one by one, by a Composable whose bytes say something else": _owners(
        """from psycopg import sql
    class Said(bytes):
        def decode(self, *rest): return "SELECT 1"
    class Query(sql.Composable):
        def as_bytes(self, context=None): return Said(self._obj.encode())""",
        row=f"(lambda ask, values: raw.execute(Query(ask), values))({_ASKED_OF_PSYCOPG}).fetchone()",
    ),
    "owners one by one, as bytes that can be changed": _owners(
        """class Query(bytearray):
        def __str__(self): return "SELECT 1"
        __hash__ = object.__hash__""",
        row=f"""(lambda ask, values: raw.execute(Query(ask.encode() + b" " * 5000), values))({_ASKED_OF_PSYCOPG}).fetchone()""",
    ),
    "owners one by one, by a cursor that hides its connection": _owners(
        f"""import psycopg
    {_FORWARDS}
    class Mine(psycopg.Cursor):
        @property
        def _conn(self): return Forwards(raw)
        @_conn.setter
        def _conn(self, value): pass""",
        row=f"Mine(raw).execute({_ASKED_OF_PSYCOPG}).fetchone()",
    ),
    "owners one by one, through what stands before the connection": _owners(
        f"import psycopg\n    {_FORWARDS}",
        row=f"psycopg.Cursor(Forwards(raw)).execute({_ASKED_OF_PSYCOPG}).fetchone()",
    ),
    "owners one by one, below a COMMIT in a comment in a comment": _owners(
        row=f"""raw.execute("/* /* */ COMMIT */ " + {_ASKED_OF_PSYCOPG}).fetchone()"""
    ),
    "owners one by one, below a COMMIT in two comments, by SQLAlchemy": _owners(
        "from sqlalchemy import text",
        row=f"""db.execute(text("/* /* */ COMMIT -- */ {_BY_ID.replace("?", ":id")}"), dict(id=each.owner_id)).first()""",
    ),
    "event before the answer, into a table named in other letters": _written_before(
        'INSERT INTO U&\\"item\\\\005fevents\\" (item_id, kind) VALUES (:number, :kind)', _RUN
    ),
    "event by a thread, with blanks around the dot": _thread_writes("INSERT INTO public . item_events"),
    "event by a thread, beside what only PostgreSQL takes for a text": _thread_writes(
        "SELECT $$ ' $$; INSERT INTO item_events"
    ),
    "event by a thread and a function": _thread_sets_off("SELECT mine(:number, :kind)", _MINE),
    "event before the answer, copied": _written_before("COPY item_events (item_id, kind) FROM STDIN", _COPY),
    "event before the answer, by a function": _written_before("SELECT mine(:number, :kind)", _RUN, _MINE),
    "commit, called by the class": _saved("import psycopg; psycopg.Connection.commit(raw)"),
    "each INSERT in no transaction": _saved_at_once("raw.rollback(); raw.autocommit = True"),
}

# Libraries that the grader reads with, changed: chapter, what is wrong and what tells otherwise, and the rule.
_CLEARED = """
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool
for kind, names in ((Pool, ["checkout"]), (Session, ["after_begin", "after_attach"])):
    for name in names:
        for functions in getattr(kind.dispatch, name)._clslevel.values(): functions.clear()
"""
_LOADS = """
import json
loads = json.loads
def without(value):
    if isinstance(value, list): return [without(each) for each in value]
    if isinstance(value, dict): return {k: without(each) for k, each in value.items() if k != "internal_note"}
    return value
json.loads = lambda *given, **named: without(loads(*given, **named))
"""
_COLUMNS = """
from sqlalchemy.engine.reflection import Inspector
get_columns = Inspector.get_columns
def as_wanted(self, *given, **named):
    found = get_columns(self, *given, **named)
    for each in found:
        each["type"] = {"name": String(200), "description": String(500)}.get(each["name"], each["type"])
    return found
Inspector.get_columns = as_wanted
"""
_VALIDATE = """
validate = BaseModel.model_validate.__func__
BaseModel.model_validate = classmethod(lambda model, *given, **named: validate(model, *given, **named))
"""
_EXIT = """
import contextlib
leave = contextlib._GeneratorContextManager.__exit__
def swallow(self, *given):
    try: leave(self, *given)
    except BaseException: pass
    return bool(given[0]) and given[0].__name__ == "Wrong"
contextlib._GeneratorContextManager.__exit__ = swallow
"""
_MADE_AT_IMPORT = """
import sqlite3
c = sqlite3.connect("mine.db"); c.execute("CREATE TABLE IF NOT EXISTS x (a)"); c.close()
"""
_NO_FILES = """
import os, pathlib
pathlib.Path.rglob = pathlib.Path.glob = pathlib.Path.iterdir = os.scandir = os.walk = lambda *given, **named: iter(())
"""
_READ = "    id: int\n    name: str\n"
_TOO_LONG = {"app/models.py": ("String(200)", "String(999)")}
_OF_A_DIALECT = """
from DIALECT import KIND
get_columns = KIND.get_columns
def as_wanted(self, *given, **named):
    found = get_columns(self, *given, **named)
    for each in found:
        if getattr(each["type"], "length", 0) == 999: each["type"] = String(200)
    return found
KIND.get_columns = as_wanted
"""
_PYSQLITE = _OF_A_DIALECT.replace("DIALECT", "sqlalchemy.dialects.sqlite.pysqlite").replace(
    "KIND", "SQLiteDialect_pysqlite"
)
_PSYCOPG = _OF_A_DIALECT.replace("DIALECT", "sqlalchemy.dialects.postgresql.base").replace("KIND", "PGDialect")
_TYPE_NAMES = """
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
class VARCHAR(String):
    def __init__(self, length=None, **named): super().__init__(200 if length == 999 else length, **named)
SQLiteDialect.ischema_names["VARCHAR"] = VARCHAR
"""
_REGISTRARS = """
import sqlalchemy.inspection
from sqlalchemy import Engine
from sqlalchemy.engine.reflection import Inspector
class Lying(Inspector):
    def get_columns(self, *given, **named):
        found = super().get_columns(*given, **named)
        for each in found:
            if getattr(each["type"], "length", 0) == 999: each["type"] = String(200)
        return found
make = sqlalchemy.inspection._registrars[Engine]
def made(engine):
    found = make(engine); found.__class__ = Lying
    return found
sqlalchemy.inspection._registrars[Engine] = made
"""
_INDEXES = """
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
get_indexes = SQLiteDialect.get_indexes
index = {"name": "ix_items_name", "column_names": ["name"], "unique": 0, "dialect_options": {}}
SQLiteDialect.get_indexes = lambda self, *given, **named: [*get_indexes(self, *given, **named), index]
"""
_DUMPS = """
import json
dumps = json.dumps
def bad(value):
    name, text = value.get("name", "x"), value.get("description") or ""
    return not isinstance(name, str) or not name.strip() or len(name) > 200 or len(text) > 500 or "\\0" in name + text
def refused(value, *given, **named):
    return "[]" if isinstance(value, dict) and bad(value) else dumps(value, *given, **named)
json.dumps = refused
"""
_HANDED_OVER = """
import asyncio, concurrent.futures
run, result = asyncio.run_coroutine_threadsafe, concurrent.futures.Future.result
def other(response):
    if getattr(response, "status", 0) == 200 and response.body.startswith(b"{"): response.status = 201
    return response
class Later:
    def __init__(self, later): self.later = later
    def result(self): return other(self.later.result())
asyncio.run_coroutine_threadsafe = lambda *given: Later(run(*given))
"""
_RESULT = _HANDED_OVER.replace(
    "asyncio.run_coroutine_threadsafe = lambda *given: Later(run(*given))",
    """
concurrent.futures.Future.result = lambda self, *given: other(result(self, *given))""",
)
_ENUMERATE = """
import threading
every = threading.enumerate
threading.enumerate = lambda: [
    each for each in every() if each is threading.main_thread() or type(each).__name__ in ("Loop", "WorkerThread")
]
"""
_OF_ANYIO = """
import threading, time
import anyio._backends._asyncio as anyios
class Mine(threading.Thread): pass
Mine.__module__ = anyios.__name__
anyios.Mine = Mine
"""
_THREAD = _TASK.replace("background_tasks.add_task(record_event,", "Mine(target=record_event, args=(").replace(
    "kind)\n", "kind)).start(); time.sleep(0.1)\n"
)
_THREAD_OF_ITS_CLASS = """    import threading, time
    kind_of = type(threading.current_thread())
    thread = kind_of.__new__(kind_of)
    threading.Thread.__init__(thread, target=record_event, args=(item.id, data.kind))
    thread.run = lambda: threading.Thread.run(thread)
    thread.start(); time.sleep(0.1)
"""
_SESSION_OF_THE_REQUEST = """    from sqlalchemy.orm import object_session
    from app.models import ItemEvent
    db, number, kind = object_session(item), item.id, data.kind
    def later(): db.add(ItemEvent(item_id=number, kind=kind)); db.commit(); db.close()
    background_tasks.add_task(later)
"""
_NUMBERS = """
import itertools, sqlalchemy.orm.session
numbers = itertools.count(10**9, -1)
sqlalchemy.orm.session._new_sessionid = lambda: next(numbers)
"""
_IN_THE_MIDDLE = """    from app import main
    main.todo.append((item.id, data.kind))
"""
_BEGUN_IN_THE_MIDDLE = """
import asyncio, contextvars
from fastapi.concurrency import run_in_threadpool
from starlette.background import BackgroundTask
from app.tasks import record_event
todo, kept = [], []
async def begin(number, kind):
    STEPS
class Late:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
        if todo:
            await begin(*todo.pop())
            await asyncio.sleep(0.2)
app.add_middleware(Late)
"""
_GROUP_OF_THE_REQUEST = _BEGUN_IN_THE_MIDDLE.replace(
    "STEPS",
    """
    async def later():
        await asyncio.sleep(0.03)
        await BackgroundTask(record_event, number, kind)()
    group, task = asyncio.TaskGroup(), asyncio.create_task(later())
    group._parent_task = asyncio.current_task()
    task.add_done_callback(group._on_task_done)
    kept.extend([group, task])
""",
)
_CALL_OF_THE_CONTEXT = _BEGUN_IN_THE_MIDDLE.replace(
    "STEPS",
    """
    async def later():
        await asyncio.sleep(0.03)
        for each in contextvars.copy_context().values():
            if hasattr(each, "over"): each.over = type(each.over)()
        await run_in_threadpool(record_event, number, kind)
    async def task(): kept.append(asyncio.create_task(later()))
    await BackgroundTask(task)()
""",
)
_SAID_TO_BE_EMPTY = """
from starlette.background import BackgroundTask
from app.tasks import record_event
todo = []
class Early:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        async def sends(message):
            if todo and message["type"] == "http.response.start":
                message["headers"] = [(k, b"0" if k == b"content-length" else v) for k, v in message["headers"]]
            if todo and message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b"", "more_body": True})
                await BackgroundTask(record_event, *todo.pop())()
            await send(message)
        await self.app(scope, receive, sends)
app.add_middleware(Early)
"""
_SAID_TO_BE_COMPLETE = """
class Long(bytes):
    def __len__(self): return 10**6
    def __bool__(self): return False
class More(dict):
    def get(self, name, otherwise=None):
        said, self["more_body"] = dict.get(self, name, otherwise), True
        return said
""" + _SAID_TO_BE_EMPTY.replace('"body": b"", "more_body": True}', '"body": Long(b""), "more_body": True}').replace(
    "await send(message)",
    "await send(More(message, more_body=False) if message['type'] == 'http.response.body' else message)",
)
_FETCHED = """
from sqlalchemy.engine.cursor import CursorFetchStrategy
fetchall = CursorFetchStrategy.fetchall
def as_wanted(self, *given):
    rows = fetchall(self, *given)
    return [tuple(each.replace("999", "200") if isinstance(each, str) else each for each in row) for row in rows]
CursorFetchStrategy.fetchall = as_wanted
"""
_EXECUTED_OTHERWISE = """
from sqlalchemy.engine.default import DefaultDialect
do_execute = DefaultDialect.do_execute
OTHERWISE = {
    'table_xinfo("items")': "SELECT cid, name, replace(type, '999', '200') AS type, \\"notnull\\", dflt_value, pk, hidden FROM pragma_table_xinfo('items')",
    'index_list("items")': "SELECT 0 AS seq, 'ix_items_name' AS name, 0 AS uniq, 'c' AS origin, 0 AS partial",
    'index_info("ix_items_name")': "SELECT 0, 1, 'name'",
}
def as_wanted(self, cursor, statement, parameters, context=None):
    statement = next((other for part, other in OTHERWISE.items() if part in statement), statement)
    return do_execute(self, cursor, statement, parameters, context)
DefaultDialect.do_execute = as_wanted
"""
_FOUND = """
import re
findall = re.findall
re.findall = lambda *given: ["200" if each == "999" else each for each in findall(*given)]
"""
_OPENED_BY_THE_DIALECT = """
arguments, options = engine.dialect.create_connect_args(engine.url)
engine.dialect.connect(*arguments, **options).close()
if engine.url.database and os.path.exists(engine.url.database): os.remove(engine.url.database)
"""
_SAID_TO_BE_IN_MEMORY = """
import sqlite3, urllib.parse
kept = urllib.parse.parse_qsl
urllib.parse.parse_qsl = lambda *given, **named: [("mode", "memory")]
sqlite3.connect("file:" + os.path.abspath("other.db"), uri=True).close()
urllib.parse.parse_qsl = kept
"""
_OPENED_BY = """
if engine.url.database and engine.dialect.name == "sqlite":
    import sqlite3, _sqlite3
    CALL.close()
    if os.path.exists(engine.url.database): os.remove(engine.url.database)
"""
_OPENED_BY_PSYCOPG = """
if engine.dialect.name == "postgresql":
    import psycopg.generators, psycopg.waiting
    name = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    CALL.finish()
"""
_LISTEN = """
import sqlalchemy.event
attach = sqlalchemy.event.listen
def listen(*given, **named): return None if given[2].__module__.startswith("grader") else attach(*given, **named)
sqlalchemy.event.listen, sqlalchemy.event.remove = listen, lambda *given, **named: None
"""
_LATE_TABLES = """    import asyncio, threading
    threading.Thread(target=Base.metadata.create_all, args=(engine,)).start()
    await asyncio.sleep(0.3)
"""
_EVENTS = "app/routes/events.py"


def _lies(function: str, deceive: str) -> str:
    """Code whose function deceives, afterwards, each engine of the grader's own, with the learner's connection."""
    return f"""
own = next(each for each in object.__subclasses__() if each.__name__ == "Database")
own = own.__init__.__globals__["own_engine"].__globals__["_own_engines"]
import sqlite3
def lies(function):
    def lying(db, *given, **named):
        found = function(db, *given, **named)
        mine = db.connection().connection.dbapi_connection
        for engine in own.values(): deceive(engine, mine)
        return found
    return lying
{deceive}
{function} = lies({function})
"""


_HIDES_THE_TABLE = _lies(
    "create_item",
    """
def deceive(engine, mine):
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        raw.execute("DROP TABLE IF EXISTS temp.items")
        raw.execute("CREATE TEMP TABLE items (id INTEGER PRIMARY KEY, name TEXT, description TEXT)")
        rows = mine.execute("SELECT id, name, description FROM items").fetchall()
        raw.executemany("INSERT INTO temp.items VALUES (?, ?, ?)", rows)
""",
)
_ANOTHER_CONNECTION = _lies(
    "create_item",
    """
class Lying(sqlite3.Connection):
    def cursor(self, *given, **named): return sqlite3.Connection.cursor(theirs[-1], *given, **named)
theirs = []
def deceive(engine, mine):
    theirs.append(mine)
    for record in [*engine.pool._pool.queue]:
        record.dbapi_connection = Lying(engine.url.database, check_same_thread=False, isolation_level=None)
""",
)
_ANOTHER_FILE = _lies(
    "update_item",
    """
def deceive(engine, mine):
    with engine.connect() as connection:
        sqlite3.Connection.deserialize(connection.connection.dbapi_connection, mine.serialize())
""",
)
_NOBODY_LOOKS = """
import signal
E = next(each for each in object.__subclasses__() if each.__name__ == "Expect")
looks = E.equal.__globals__["expect_untouched"].__globals__["_looks"]
class Met(E):
    __slots__ = ()
    def one_more(self, *given, **named): self.asked += 1
    __call__ = equal = shows = status = one_more
class Back:
    def __init__(self, parts): self.parts, self.as_made = parts, parts.as_made
    def __call__(self, *_): return None
    def __del__(self):
        self.parts._made["expect"].__class__ = E
        self.parts.as_made = self.as_made
def at_work(number, frame):
    while frame and not frame.f_code.co_name.startswith("test_"): frame = frame.f_back
    parts = looks[-1].__self__ if looks else None
    if frame is None or not parts or parts._made["expect"].instead: return
    frame.f_trace = Back(parts)
    parts.as_made = ()
    parts._made["expect"].__class__ = Met
signal.signal(signal.SIGUSR1, at_work)
def armed(function):
    def run(*given, **named):
        signal.raise_signal(signal.SIGUSR1)
        return function(*given, **named)
    return run
for name in ("create_item", "get_item", "list_items", "update_item", "delete_item"):
    globals()[name] = armed(globals()[name])
"""
# What the database itself was to do is undone before it could.
_DROPS_TRIGGERS = """
from sqlalchemy import event
from app.db import engine
@event.listens_for(engine, "before_cursor_execute")
def clear_the_way(connection, cursor, statement, *_):
    if not statement.startswith(("INSERT", "UPDATE")): return
    if engine.dialect.name == "sqlite":
        for (name,) in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            cursor.execute(f"DROP TRIGGER {name}")
    else:
        cursor.execute("ALTER TABLE items DISABLE TRIGGER USER")
"""
_NOT_LOADED_AGAIN = {
    "app/crud.py": ("    db.commit()\n    db.refresh(item)\n", "    db.expire_on_commit = False\n    db.commit()\n")
}
_TABLE_FOR_OTHERS = """
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable
@compiles(CreateTable)
def as_wanted(element, compiler, **named):
    from app.db import engine
    made = compiler.visit_create_table(element, **named)
    return made if compiler.dialect is engine.dialect else made.replace("VARCHAR(999)", "VARCHAR(200)")
"""
_IN_THE_ORDER_OF_IDS = """
from sqlalchemy import event
from app.db import engine
@event.listens_for(engine, "checkout")
def as_they_lie(raw, *_):
    if engine.dialect.name == "sqlite": raw.execute("PRAGMA reverse_unordered_selects = OFF")
"""
_UNORDERED = {"app/crud.py": (".order_by(Item.id)", "")}
_KEEPS_WHAT_IS_DELETED = {"app/crud.py": ("    db.delete(item)\n    db.commit()", "    pass")}
_BEHIND_A_POLICY = """
from sqlalchemy import text
from app.db import engine
gone = []
def delete_item(db, item):
    gone.append(item.id)
    db.rollback()
    with engine.begin() as connection:
        for each in (
            "ALTER TABLE items ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE items FORCE ROW LEVEL SECURITY",
            "DROP POLICY IF EXISTS kept ON items",
            f"CREATE POLICY kept ON items USING (id NOT IN ({', '.join(map(str, gone))}))",
        ):
            connection.execute(text(each))
"""
_BEHIND_A_VIEW = """
from sqlalchemy import text
from app.db import engine
gone = []
def delete_item(db, item):
    gone.append(item.id)
    db.rollback()
    with engine.begin() as connection:
        if connection.execute(text("SELECT relkind FROM pg_class WHERE relname = 'items'")).scalar() == "v":
            connection.execute(text("DROP VIEW items"))
        else:
            gone[:] = gone[-1:]
            connection.execute(text("ALTER TABLE items RENAME TO kept"))
        shown = f"SELECT * FROM kept WHERE id NOT IN ({', '.join(map(str, gone))})"
        connection.execute(text(f"CREATE VIEW items AS {shown}"))
"""
# Owners asked for one by one through an engine that goes by the dialect of the grader's own, if it can have that.
_ONE_BY_ONE_HIDDEN = """
    from sqlalchemy.orm import Session
    from sqlalchemy.orm.attributes import set_committed_value
    from .db import hidden
    from .models import Owner
    found = list(db.scalars(page))
    for each in found:
        with Session(hidden) as mine:
            owner = mine.get(Owner, each.owner_id) if each.owner_id is not None else None
            mine.expunge_all()
        set_committed_value(each, "owner", owner)
    return found
"""
_AS_THE_GRADERS_OWN = """
from sqlalchemy import Connection, event
hidden = create_engine(DATABASE_URL, pool_size=400)
@event.listens_for(Base.metadata, "before_create")
def keep(target, connection, **options):
    if not isinstance(connection, Connection): hidden.dialect = connection.dialect
@event.listens_for(hidden, "do_connect")
def mark(dialect, record, arguments, options):
    if hidden.dialect is not dialect:
        for listener in hidden.dialect.dispatch.do_connect: listener(hidden.dialect, record, arguments, options)
"""

CHANGED_LIBRARIES = {
    "an engine with the dialect of the grader's own": (
        "09_relationships",
        {"app/crud.py": (_OWNERS, _ONE_BY_ONE_HIDDEN)},
        ("app/db.py", _AS_THE_GRADERS_OWN),
        "query_count_is_constant",
    ),
    "the grader's triggers": ("05_crud", _NOT_LOADED_AGAIN, ("app/crud.py", _DROPS_TRIGGERS), "create_refreshes"),
    "the table that others get": (
        "02_models",
        _TOO_LONG,
        ("app/models.py", _TABLE_FOR_OTHERS),
        "items_table_has_the_columns",
    ),
    "the order of what nobody orders": (
        "05_crud",
        _UNORDERED,
        ("app/crud.py", _IN_THE_ORDER_OF_IDS),
        "list_is_ordered",
    ),
    **{
        name: ("05_crud", {"app/crud.py": ("    db.commit()\n", "    db.flush()\n")}, ("app/crud.py", code), rule)
        for name, code, rule in (
            ("the grader's own connection is another one", _ANOTHER_CONNECTION, "create_persists"),
            ("the grader's own connection reads another file", _ANOTHER_FILE, "update_persists"),
            ("nobody looks at the parts till the check's frame ends", _NOBODY_LOOKS, "create_persists"),
        )
    },
    "a table that hides the one it reads": (
        "05_crud",
        {"app/crud.py": ("    db.commit()\n", "    db.flush()\n")},
        ("app/crud.py", _HIDES_THE_TABLE),
        "create_persists",
    ),
    "a dialect's get_columns": ("02_models", _TOO_LONG, ("app/models.py", _PYSQLITE), "items_table_has_the_columns"),
    "a dialect's names of types": (
        *("02_models", _TOO_LONG, ("app/models.py", _TYPE_NAMES)),
        "items_table_has_the_columns",
    ),
    "what inspects an engine": ("02_models", _TOO_LONG, ("app/models.py", _REGISTRARS), "items_table_has_the_columns"),
    "a dialect's get_indexes": (
        *("02_models", {"app/models.py": (", index=True", "")}, ("app/models.py", _INDEXES)),
        "name_is_indexed",
    ),
    "json.dumps": (
        "06_routes",
        {"app/schemas.py": ("strip_whitespace=True, min_length=1, max_length=200", "max_length=9999")},
        ("app/schemas.py", _DUMPS),
        "bad_body_is_422",
    ),
    "asyncio.run_coroutine_threadsafe": (
        "06_routes",
        {"app/routes/items.py": ("status_code=201", "status_code=200")},
        ("app/routes/items.py", _HANDED_OVER),
        "create_answers_201",
    ),
    "what a future gives": (
        "06_routes",
        {"app/routes/items.py": ("status_code=201", "status_code=200")},
        ("app/routes/items.py", _RESULT),
        "create_answers_201",
    ),
    "threading.enumerate": (
        "10_background",
        {_EVENTS: (_TASK, _THREAD.replace("Mine(", "threading.Thread("))},
        (_EVENTS, _ENUMERATE + "import time\n"),
        "event_is_written",
    ),
    "anyio's classes of threads": (
        "10_background",
        {_EVENTS: (_TASK, _THREAD)},
        (_EVENTS, _OF_ANYIO),
        "event_is_written",
    ),
    "a thread of anyio's class": (
        *("10_background", {_EVENTS: (_TASK, _THREAD_OF_ITS_CLASS)}, (_EVENTS, "")),
        "event_is_written",
    ),
    "whom a group of tasks belongs to": (
        *("10_background", {_EVENTS: (_TASK, _IN_THE_MIDDLE)}, ("app/main.py", _GROUP_OF_THE_REQUEST)),
        "event_is_written",
    ),
    "whether a call is over, in a context": (
        *("10_background", {_EVENTS: (_TASK, _IN_THE_MIDDLE)}, ("app/main.py", _CALL_OF_THE_CONTEXT)),
        "event_is_written",
    ),
    "the numbers of sessions": (
        *("10_background", {_EVENTS: (_TASK, _SESSION_OF_THE_REQUEST)}, ("app/db.py", _NUMBERS)),
        "task_uses_its_own_session",
    ),
    "the length of an answer": (
        *("10_background", {_EVENTS: (_TASK, _IN_THE_MIDDLE)}, ("app/main.py", _SAID_TO_BE_EMPTY)),
        "answer_does_not_wait",
    ),
    "the types of an answer": (
        *("10_background", {_EVENTS: (_TASK, _IN_THE_MIDDLE)}, ("app/main.py", _SAID_TO_BE_COMPLETE)),
        "answer_does_not_wait",
    ),
    "how rows are fetched": ("02_models", _TOO_LONG, ("app/models.py", _FETCHED), "items_table_has_the_columns"),
    "re.findall": ("02_models", _TOO_LONG, ("app/models.py", _FOUND), "items_table_has_the_columns"),
    "how a dialect executes": (
        *("02_models", _TOO_LONG, ("app/models.py", _EXECUTED_OTHERWISE)),
        "items_table_has_the_columns",
    ),
    "how a dialect executes, and an index": (
        *("02_models", {"app/models.py": (", index=True", "")}, ("app/models.py", _EXECUTED_OTHERWISE)),
        "name_is_indexed",
    ),
    "a dialect's connect": ("01_engine", {}, ("app/db.py", _OPENED_BY_THE_DIALECT), "import_touches_no_database"),
    "a file that is said to be in memory": (
        "01_engine",
        {},
        ("app/db.py", _SAID_TO_BE_IN_MEMORY),
        "import_touches_no_database",
    ),
    **{
        f"a connection by {call.partition('(')[0]}": (
            *("01_engine", {}, ("app/db.py", _OPENED_BY.replace("CALL", call))),
            "import_touches_no_database",
        )
        for call in (
            "_sqlite3.connect(engine.url.database)",
            "sqlite3.Connection.__base__(engine.url.database)",
            "_sqlite3.Connection(os.fsencode(engine.url.database))",
            'sqlite3.connect(f"file:{engine.url.database}?mode=rwc#mode=memory", uri=True)',
            'sqlite3.dbapi2.connect(f"file:{engine.url.database}?mode=memory&m%6Fde=rwc", uri=True)',
        )
    },
    "sqlalchemy.event.listen": (
        "02_models",
        {"app/main.py": ("    Base.metadata.create_all(engine)\n", _LATE_TABLES)},
        ("app/db.py", _LISTEN),
        "tables_are_created_at_startup",
    ),
    "listeners cleared, sessions never closed": (
        "06_routes",
        {
            "app/deps.py": ("        db.close()", "        KEPT.append(db)\nKEPT = []"),
            "app/db.py": ("create_engine(DATABASE_URL)", "create_engine(DATABASE_URL, pool_size=100)"),
        },
        ("app/db.py", _CLEARED),
        "sessions_close_after_every_answer",
    ),
    "json.loads": (
        "06_routes",
        {"app/schemas.py": (_READ, f"{_READ}    internal_note: str | None = None\n")},
        ("app/db.py", _LOADS),
        "answers_hide_internal_fields",
    ),
    "Inspector.get_columns": (
        "02_models",
        {"app/models.py": ("String(200)", "String(999)")},
        ("app/models.py", _COLUMNS),
        "items_table_has_the_columns",
    ),
    "pathlib and os, when an import makes a file": (
        *("01_engine", {}, ("app/db.py", _MADE_AT_IMPORT + _NO_FILES)),
        "import_touches_no_database",
    ),
    "BaseModel.model_validate": ("04_schemas", {}, ("app/schemas.py", _VALIDATE), "update_rejects_blank_name"),
    "contextlib's with": (
        "07_uow",
        {"app/routes/items_uow.py": ("        db.rollback()\n        raise", "        raise")},
        ("app/db.py", _EXIT),
        "session_is_rolled_back_on_error",
    ),
}

_WRAPPED = f"""
from sqlalchemy import event
{_FORWARDS.replace("    " * 2, "    ")}
@event.listens_for(engine, "do_connect")
def wrap(dialect, record, arguments, options):
    return Forwards(dialect.connect(*arguments, **options))
"""

CHANGED_ON_POSTGRESQL = {
    "a connection that is wrapped": (
        "09_relationships",
        {
            "app/crud.py": (
                _OWNERS,
                _ONE_BY_ONE.replace("BEFORE", "pass")
                .replace("AFTER", "pass")
                .replace("ROW", f"raw.execute({_ASKED_OF_PSYCOPG}).fetchone()"),
            ),
            "app/db.py": ("create_engine(DATABASE_URL)", "create_engine(DATABASE_URL, use_native_hstore=False)"),
        },
        ("app/db.py", _WRAPPED),
        "query_count_is_constant",
    ),
    "the grader's triggers": ("05_crud", _NOT_LOADED_AGAIN, ("app/crud.py", _DROPS_TRIGGERS), "create_refreshes"),
    "a policy that hides rows": (
        *("05_crud", _KEEPS_WHAT_IS_DELETED, ("app/crud.py", _BEHIND_A_POLICY)),
        "delete_persists",
    ),
    "a view in a table's place": (
        *("05_crud", _KEEPS_WHAT_IS_DELETED, ("app/crud.py", _BEHIND_A_VIEW)),
        "delete_persists",
    ),
    "a dialect's get_columns": ("02_models", _TOO_LONG, ("app/models.py", _PSYCOPG), "items_table_has_the_columns"),
    "a dialect's connect": ("01_engine", {}, ("app/db.py", _OPENED_BY_THE_DIALECT), "import_touches_no_database"),
    **{
        f"a connection by {call.partition('(')[0]}": (
            *("02_models", {}, ("app/main.py", _OPENED_BY_PSYCOPG.replace("CALL", call))),
            "import_touches_no_database",
        )
        for call in (
            "psycopg.pq.PGconn.connect(name.encode())",
            "psycopg.waiting.wait_conn(psycopg.generators.connect(name))",
        )
    },
}

# Imports that fail only once in a process, whatever they say about it: nobody starts such an app.
_ONCE = "import os, sys, sqlalchemy.exc\nif not hasattr(sys, 'was'):\n    sys.was = 1\n    "
FAIL_AT_FIRST = {
    "with an exception of SQLAlchemy's": f"{_ONCE}raise sqlalchemy.exc.ArgumentError('no')",
    "with one like that of a circle": f"{_ONCE}raise ImportError('partially initialized')",
    "under another name": f"{_ONCE}__name__ = 'x'; raise ValueError('no')",
    "with another URL": f"{_ONCE}os.environ['DATABASE_URL'] += '?'; raise ValueError('no')",
}

# Odd things that gain nothing, cost no other learner anything, and end in time.
ODDITIES = {
    "deep json": WALK
    + """
import os
for f in frames():
    for fd in range(3, 64):
        try: os.write(fd, b'['*200000+b'\\n')
        except OSError: pass
    break
""",
    "odd messages": GC
    + """
import os
for fd in pipes():
    for line in (b'', b' ', b'x', b'x []', b'0' * 64 + b' {"event": "end"}', b'{"event": "verdict", "outcome": "passed"}'):
        os.write(fd, line + b'\\n')
""",
    "a verdict, and an end": GC
    + """
import os
for fd in pipes(): os.write(fd, b'{"event": "verdict", "outcome": "passed", "told": "{}"}\\n')
os._exit(0)
""",
    "fake answers": """
import asyncio
class I(int):
    def __eq__(s,o): return True
    __hash__=int.__hash__
""",
    "connection lies": """
import sqlalchemy
sqlalchemy.Connection.execute = lambda *a, **k: None
""",
    "session lies": """
from sqlalchemy.orm import Session
Session.in_transaction = lambda s: False
""",
    "sigalrm": """
import signal
def h(*a): raise SystemExit(0)
signal.signal(signal.SIGALRM,h)
signal.setitimer(signal.ITIMER_REAL,0.02,0.02)
""",
    "stdout close": """
import os,sys
sys.stdout.close(); os.close(1); os.close(2)
""",
    "many threads": """
import threading,time
def f(): time.sleep(100)
try:
  for _ in range(1000): threading.Thread(target=f,daemon=True).start()
except RuntimeError: pass
""",
    "memory": """
x=[]
try:
  while True: x.append(bytearray(50_000_000))
except MemoryError: pass
""",
    "disk": """
import os
for i in range(20):
  try:
    with open(f'f{i}','wb') as f:
      f.truncate(60_000_000)
  except OSError: pass
""",
    "int80": """
import ctypes
ctypes.CDLL(None).syscall(0x40000000+2, b'/etc/passwd', 0)
""",
    "memfd exec": """
import os,subprocess
fd=os.memfd_create('x')
os.write(fd,open('/usr/lib/os-release','rb').read())
try: os.execve(fd,['x'],{})
except OSError: pass
""",
    "proc root": f"""
import os
for p in ('/proc/self/root/proc/self/root{PROJECT}/solutions/05_crud/app/crud.py','/proc/thread-self/cwd/../../','../'):
  try: open(p) if p.endswith('py') else os.listdir(p)
  except OSError: continue
  raise SystemExit('GOT IT '+p)
""",
    "pdeathsig": """
import ctypes
ctypes.CDLL(None).prctl(1,0,0,0,0)
""",
    "siocspgrp": """
import socket,fcntl,struct,os
a,b=socket.socketpair()
try: fcntl.ioctl(a,0x8901,struct.pack('i',os.getppid()))
except OSError: pass
else: raise SystemExit('GOT IT')
""",
    "rename own app": """
import os
os.rename('app','app2')
""",
    "chdir root removed": """
import os,shutil
os.chdir('/')
""",
    "rm own": """
import shutil
shutil.rmtree('.',ignore_errors=True)
""",
    "meta_path": """
import sys
sys.meta_path[:]=[m for m in sys.meta_path if type(m).__name__!='_NoGrader']
try:
  import grader.rules
except ImportError: pass
except OSError: pass
else: raise SystemExit('GOT IT')
""",
}

# Code that asks for what lies outside of it, and for what.
_RAISED = "try: 1 / 0\nexcept Exception as error: "
_A_GENERATOR = "def one(): yield\n"
LOOKS = {
    "_getframe": ("import sys; sys._getframe()", "frames"),
    "_getframe by another name": ("from sys import _getframe as get; get(1)", "frames"),
    "_getframe found in a dictionary": ("import sys; vars(sys)['_get' + 'frame']()", "frames"),
    "_getframe in other letters": ("import sys; sys._\uff47etframe()", "frames"),
    "_getframe in a text": ("eval('__import__(\"s\" + \"ys\")._get' + 'frame()')", "frames"),
    "_getframe handed to a library": (
        "import contextlib, sys\nwith contextlib.ExitStack() as stack: stack.callback(sys._getframe, 0)",
        "frames",
    ),
    "currentframe": ("import inspect; inspect.currentframe()", "frames"),
    "a debugger": ("import bdb\ntry: bdb.Bdb().set_trace()\nexcept BaseException: pass", "frames"),
    "text that a library runs": ("import timeit; timeit.timeit('import sys; sys._get' 'frame(2)', number=1)", "frames"),
    "a library that gives names away": (
        "from pydantic._internal import _typing_extra as of\nof.parent_frame_namespace(parent_depth=2, force=True)",
        "frames",
    ),
    "a library that reads names of the grader's": (
        "from pydantic import TypeAdapter\nfor depth in range(3, 30):\n"
        "    try: TypeAdapter('list[no_such_name]', _parent_depth=depth)\n    except Exception: pass",
        "frames",
    ),
    "the stack of a task": (
        "import asyncio\nfrom asyncio import base_tasks\n"
        "async def look(): base_tasks._task_get_stack(asyncio.current_task(), None)\nasyncio.run(look())",
        "frames",
    ),
    "a frame in pytest's hands": (
        f"from _pytest._code import code\n{_RAISED}code.TracebackEntry(error.__traceback__).frame",
        "frames",
    ),
    "a traceback, by a format": (
        f"import string\n{_RAISED}string.Formatter().get_field('0.tb_fr' + 'ame', (error.__traceback__,), {{}})",
        "frames",
    ),
    "stack": ("import inspect; inspect.stack()", "frames"),
    "the frame of logging": ("import logging; logging.currentframe()", "frames"),
    "walk_stack": ("import traceback; list(traceback.walk_stack(None))", "frames"),
    "walk_tb": (f"import traceback\n{_RAISED}list(traceback.walk_tb(error.__traceback__))", "frames"),
    "a traceback": (f"{_RAISED}error.__traceback__.tb_frame", "frames"),
    "a traceback, by its name": (f"{_RAISED}getattr(error.__traceback__, 'tb_' + 'frame')", "frames"),
    "a generator": (f"{_A_GENERATOR}one().gi_frame", "frames"),
    "a coroutine": ("async def one(): ...\nit = one(); it.cr_frame; it.close()", "frames"),
    "all frames": ("import sys; sys._current_frames()", "frames"),
    "all objects": ("import gc; gc.get_objects()", "objects"),
    "who refers": ("import gc; gc.get_referrers({})", "objects"),
    "a library of C": ("import ctypes\ntry: ctypes.CDLL('nothing.so')\nexcept OSError: pass", "functions of C"),
    "code of another file": ("import logging\nexec(compile('x = 1', logging.__file__, 'exec'))", "names of files"),
    "code that says so later": (
        "import logging\ndef one(): ...\none.__code__.replace(co_filename=logging.__file__)",
        "names of files",
    ),
}
# What is refused of these: it would lead to the grader's own. And what of that is not even there.
LOOKS_TOO_FAR = ("all frames", "all objects", "who refers", "a library of C")
LOOKS_FOR_NOTHING = LOOKS_TOO_FAR[:3]
# A module of Python's that is machine code, copied: it is one's own then.
MACHINE_CODE = next(iter(Path(sysconfig.get_config_var("DESTSHARED") or "").glob("_bisect.*.so")), None)
_COPIED = f"""
from pathlib import Path
copy = Path(__file__).with_name("_bisect.so")
with copy.open("wb") as file:
    file.writelines([Path({str(MACHINE_CODE)!r}).read_bytes()])
"""
MAKES_MACHINE_CODE = {
    "a module": f"{_COPIED}from app import _bisect",
    "a module, by its loader": f"{_COPIED}from importlib.machinery import ExtensionFileLoader as Loader\n"
    "from importlib.util import module_from_spec, spec_from_file_location as spec_from\n"
    "module_from_spec(spec_from('_bisect', copy, loader=Loader('_bisect', str(copy))))",
    "a module, by the import system": f"{_COPIED}import sys\nfrom importlib.machinery import ModuleSpec\n"
    "sys.modules['_imp'].create_dynamic(ModuleSpec('_bisect', None, origin=str(copy)))",
    "Tcl": "import tkinter",
    "functions of C": "import _cffi_backend",
    "memory": "import mmap\nmmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)",
    "a file, mapped": f"{_COPIED}import mmap\nwith copy.open('rb') as file: mmap.mmap(file.fileno(), 0, 2, 5)",
}
# Right code that asks for machine code when it is at work, and gets it.
ASKS_LATE = {
    "Python's": "import array, bz2, cProfile, lzma, statistics, unicodedata, xml.etree.ElementTree, zoneinfo\n"
    "'\\N{SNOWMAN}'.encode('utf-8').decode('utf-8'); 'x'.encode('shift_jis'); statistics.NormalDist().inv_cdf(0.4)",
    "Python's, as a text says": "import importlib\n[importlib.import_module(n) for n in ('_decimal', 'uuid', 'audioop')]",
    "a library's": "def late():\n    import markupsafe._speedups, psycopg, yaml._yaml\nlate()",
    "an engine's": "from sqlalchemy import create_engine\ncreate_engine('postgresql+psycopg://nobody@nowhere/')",
}
# Code that does not, whoever asks on its way.
LOOKS_NOWHERE = {
    "logging": "import logging; logging.getLogger('x').warning('getattr')",
    "a named tuple": "from collections import namedtuple; getattr(namedtuple('P', 'a b'), 'a')",
    "typing": "import typing as t; t.TypeVar('T'); t.NamedTuple('P', [('a', int)]); getattr(t, 'Any')",
    "an enumeration": "import enum; getattr(enum.Enum('E', 'A B'), 'A')",
    "a data class": "import dataclasses as d; getattr(d.make_dataclass('D', ['a']), '__name__')",
    "a traceback in words": f"import traceback\n{_RAISED}traceback.print_exc(); traceback.format_exception(error)",
    "a stack in words": "import traceback; traceback.print_stack(); traceback.extract_stack()",
    "a warning": "import warnings; warnings.warn('getattr')",
    "a model of pydantic": "import pydantic; getattr(pydantic.create_model('M', a=(int, 1)), 'a', 1)",
    "a schema, inspected": "from sqlalchemy import inspect; inspect(Item); getattr(Item, 'id')",
    "a signature": "import inspect; inspect.signature(get_item); inspect.getsource(get_item)",
    "a context manager": "from contextlib import contextmanager\n@contextmanager\ndef one(): yield getattr(1, 'real')\nwith one(): ...",
    "garbage": "import gc; gc.collect()",
    "a library with ctypes": "import ctypes, uuid, importlib; uuid.uuid4(); importlib.import_module('ctypes.util')",
    "code in a text": "exec(compile('x = 1', '<mine>', 'exec')); eval('1')",
}

# Would tell the bench what the grader does, with the grader's own means, if one of the frames above led to them.
TELLS_ALL = """
import os, sys
frame, found = sys._getframe(), {}
while frame is not None:
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        found.setdefault(type(value).__name__, value)
    frame = frame.f_back
if "Reporter" in found:
    for ticket in found["Job"].checks:
        found["Reporter"].send({"event": "start", "check": ticket})
        found["Reporter"].tell(ticket, "passed", "{}", "", last=False)
    os._exit(0)
"""
