# SPDX-License-Identifier: MIT
"""mailbox."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, own, shared

_messages = st.sampled_from(["Subject: a\n\nbody\n", "From: x\nX: y\n\nFrom here\n.\n", ""])


def _used(mailbox, kind, message):
    box = getattr(mailbox, kind)(str(own(kind)))
    box.lock()
    key = box.add(message)
    box[key]
    box.get_bytes(key)
    box.get_file(key).close()
    box[key] = message
    box.flush()
    box.unlock()
    list(box.items())
    box.remove(key)
    box.add(getattr(mailbox, f"{kind}Message", mailbox.Message)(message))
    box.clear()
    box.close()


def _folders(mailbox, kind):
    box = getattr(mailbox, kind)(str(own(kind)))
    box.add_folder("sub").add("Subject: x\n\n")
    box.list_folders()
    box.get_folder("sub").clear()
    box.remove_folder("sub")
    box.close()


def _marks(mailbox):
    message = mailbox.MaildirMessage("Subject: a\n\n")
    message.set_subdir("cur")
    message.add_flag("SF")
    message.remove_flag("F")
    message.set_info("2,S")
    message.set_date(1)
    box = mailbox.mboxMessage(message)
    box.set_from("x", True)
    box.add_flag("A")
    mh = mailbox.MHMessage(box)
    mh.add_sequence("seen")
    mh.remove_sequence("seen")
    babyl = mailbox.BabylMessage(mh)
    babyl.add_label("seen")
    babyl.set_visible({"Subject": "b"})
    babyl.update_visible()
    return mailbox.MMDFMessage(babyl)


_ops = (
    op("add", _messages),
    op(lambda box: box.remove(next(iter(box.keys())))),
    op(lambda box: box.popitem()),
    op(lambda box: [message for message in box]),
    op(lambda box, message: box.__setitem__(0, message), _messages),
    op(lambda box: box.update({0: "Subject: z\n\n"})),
    *each("keys flush lock unlock clear"),
    op(len),
)
_KINDS = ("mbox", "Maildir", "MH", "Babyl", "MMDF")

SUBJECT = Subject(
    "mailbox",
    calls=(
        *(op(lambda mailbox, message, kind=kind: _used(mailbox, kind, message), _messages) for kind in _KINDS),
        *(op(lambda mailbox, kind=kind: _folders(mailbox, kind)) for kind in ("Maildir", "MH")),
        op(_marks),
    ),
    objects=tuple(
        shared(
            kind,
            lambda mailbox, kind=kind: getattr(mailbox, kind)(f"shared-{kind}"),
            *_ops,
            done=lambda box: box.unlock(),
        )
        for kind in ("mbox", "Maildir", "MH")
    ),
    tests=("test.test_mailbox",),
)
