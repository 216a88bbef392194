# SPDX-License-Identifier: MIT
"""email, the package."""

import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared, small, words

_mails = st.sampled_from(
    [
        'Subject: =?utf-8?q?h=C3=A9?=\nFrom: A <a@b.c>, "B, C" <d@e>\nDate: Mon, 01 Jan 2024 10:00:00 +0000\n\nbody\n',
        "Content-Type: multipart/mixed; boundary=x\n\npre\n--x\n\na\n"
        "--x\nContent-Type: text/html; charset=x\n\n<p>\n--x--\n",
        "Content-Type: message/rfc822\n\nSubject: inner\n\nx\n",
        "Content-Transfer-Encoding: base64\n\nYWJj\n",
        "bad header\n continued\n\n",
        "To: group: a@b, c@d;\nContent-Disposition: attachment; filename*=utf-8''%e2%82%ac\nMIME-Version: 1.0\n\n",
        "",
    ]
)


def _policies():
    import email.policy

    return (email.policy.default, email.policy.compat32, email.policy.SMTP)


def _parsed(email, mail, n):
    import email.parser

    message = email.message_from_string(mail, policy=_policies()[n % 3])
    for part in message.walk():
        part.items(), part.get_payload(decode=True), part.get_content_type(), part.get_filename(), part.get_params()
    message.as_bytes(), message.as_string()
    list(email.iterators.body_line_iterator(message))
    return (
        message.get_boundary(),
        message.get_charsets(),
        email.message_from_bytes(mail.encode()),
        email.parser.HeaderParser().parsestr(mail),
    )


def _composed(email, words):
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"] = words
    message["To"] = "a@example.com"
    message.set_content(f"{words}\n" * 3, subtype="plain", cte="quoted-printable")
    message.add_alternative("<p>x</p>", subtype="html")
    message.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="é.bin")
    message.get_body().get_content(), list(message.iter_attachments()), list(message.iter_parts())
    message.replace_header("Subject", "other")
    return message.as_bytes(), message.is_attachment()


def _old(email, words):
    import email.mime.application
    import email.mime.audio
    import email.mime.image
    import email.mime.multipart
    import email.mime.text

    outer = email.mime.multipart.MIMEMultipart(_subparts=[email.mime.text.MIMEText(words, _charset="utf-8")])
    outer.attach(email.mime.application.MIMEApplication(b"x", Name="n"))
    outer.attach(email.mime.image.MIMEImage(b"GIF89a"))
    outer.add_header("X", "y", param=("utf-8", "", "é"))
    outer.set_param("a", "b")
    outer.del_param("a")
    outer.set_boundary("bound")
    outer.preamble = "p"
    outer.set_charset(None)
    outer.epilogue = ""
    return outer.as_string(unixfrom=True)


def _charsets(email, name):
    import email.charset
    import email.header

    email.charset.add_alias(f"x-{name}", "utf-8")
    email.charset.add_charset(f"y-{name}", email.charset.QP, email.charset.BASE64, "utf-8")
    email.charset.add_codec(f"y-{name}", "utf-8")
    header = email.header.Header("text é" * 9, f"x-{name}", maxlinelen=20)
    header.append("more", "us-ascii")
    return (
        header.encode(),
        str(header),
        email.header.decode_header(header),
        email.charset.Charset(f"y-{name}").body_encode("é"),
    )


_structured = st.sampled_from(
    [
        ("to", '"Quoted \\" Name" (comment (nested)) <a.b@[127.0.0.1]>, plain@x.y, =?utf-8?b?w6k=?= <c@d>'),
        ("to", "group: a@b, <@route,@other:c@d>; , undisclosed:;, bad@, <>, a b c@d"),
        ("from", "A. B. (c) <local . part@dom . ain>"),
        ("sender", "one@x, two@y"),
        ("date", "Mon, 01 Jan 2024 25:00:00 +0000"),
        ("date", "1 Jan 24 10:00 EST"),
        ("content-type", "text/plain; charset=\"utf-8\"; name*0*=utf-8''%e2%82; name*1=b; bad; x=(c) y"),
        ("content-type", "multipart/mixed; boundary"),
        ("content-type", "bad"),
        ("content-disposition", "attachment; filename*=utf-8'en'%e2%82%ac; size=3 (c)"),
        ("content-transfer-encoding", "8bit (c) more"),
        ("mime-version", "(c) 1 (d) . 0 (e)"),
        ("mime-version", "x"),
        ("message-id", "<a.b@c.d> x"),
        ("message-id", "<a@[lit eral]>"),
        ("subject", "=?utf-8?q?a_b?= =?utf-8?b?w6k=?= text =?bad?= =?utf-8?q?=zz?="),
        ("reply-to", "a@b (c), (d)"),
        ("x-unknown", "any " * 40),
    ]
)


def _header(email, header):
    import email.policy

    name, value = header
    made = email.policy.default.header_factory(name, value)
    made.fold(policy=email.policy.default.clone(max_line_length=30)), made.fold(policy=email.policy.SMTPUTF8)
    made.defects, str(made), repr(getattr(made, "addresses", None)), getattr(made, "params", None)
    return [str(group) for group in getattr(made, "groups", ())], getattr(made, "datetime", None)


def _legacy(email, text):
    import email._parseaddr
    import email.encoders
    import email.header
    import email.quoprimime

    parts = email._parseaddr.AddressList(text) + email._parseaddr.AddressList("x@y")
    email._parseaddr.AddrlistClass(text).getaddress()
    message = email.message_from_string("\n" + text)
    for encode in ("encode_base64", "encode_quopri", "encode_7or8bit"):
        getattr(email.encoders, encode)(message)
    email.quoprimime.body_encode(text + " \t\n" + "x=" * 60, maxlinelen=20), email.quoprimime.decode("a=3D=\nb=zz")
    header = email.header.make_header([(text, None), (b"\xe9", "latin-1")], header_name="To", maxlinelen=20)
    return str(header), header.encode(splitchars=";, "), parts - parts, [header == text]


def _utilities(email, mail):
    import email.quoprimime
    import email.utils

    return [
        email.utils.getaddresses([mail]),
        email.utils.parseaddr(mail),
        email.utils.formatdate(0),
        email.utils.make_msgid(),
        email.utils.parsedate_to_datetime("Mon, 01 Jan 2024 10:00:00 +0000"),
        email.utils.encode_rfc2231("é", "utf-8"),
        email.utils.collapse_rfc2231_value(("utf-8", "", "x")),
        email.quoprimime.body_encode(mail),
        email.quoprimime.header_decode("=C3=A9"),
    ]


_message_ops = (
    op(lambda message, name, value: message.__setitem__(name, value), names, words),
    op(lambda message, name: message.__delitem__(name), names),
    op("get", names),
    *each("items keys as_string get_payload get_content_type is_multipart walk"),
    op("set_payload", words),
    op("replace_header", names, words),
    op("set_param", names, words),
    op("add_header", names, words),
)

SUBJECT = Subject(
    "email",
    left_out={"email.architecture": "a text"},
    calls=(
        op(_parsed, _mails, small),
        op(_composed, words),
        op(_old, words),
        op(_charsets, names),
        op(_utilities, _mails),
        *(op(_header, _structured),) * 4,
        op(_legacy, _structured.map(lambda header: header[1])),
        op(lambda email, mail: email.message_from_file(io.StringIO(mail)), _mails),
        op(lambda email, mail: email.message_from_binary_file(io.BytesIO(mail.encode())), _mails),
    ),
    objects=(
        shared("Message", lambda email: email.message_from_string("Subject: x\na: b\n\nbody"), *_message_ops),
        shared(
            "EmailMessage",
            lambda email: email.message_from_string("Subject: x\na: b\n\nbody", policy=_policies()[0]),
            *_message_ops,
            op(lambda message: message["subject"]),
            op("set_content", words),
        ),
        shared(
            "FeedParser",
            lambda email: __import__("email.feedparser").feedparser.FeedParser(),
            op("feed", _mails),
            op("close"),
        ),
        shared(
            "Policy",
            lambda email: __import__("email.policy").policy.default,
            op(
                lambda policy, name, value: policy.header_factory(name, value),
                st.sampled_from(["subject", "to", "date", "content-type", "x"]),
                words,
            ),
            op(lambda policy: policy.clone(max_line_length=30)),
            op(lambda policy: policy + policy),
            op(lambda policy, value: policy.fold("Subject", policy.header_factory("Subject", value)), words),
            promised="policies are immutable, and the default one is shared by all messages",
        ),
    ),
    tests=("test.test_email",),
)
