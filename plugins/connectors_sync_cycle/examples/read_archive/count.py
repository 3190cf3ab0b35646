"""Counts the messages of every mail, mail archive and feed beneath a folder, without Cascade.

Mail by Python's own `mailbox` and `email`, feeds by `feedparser` (pip install feedparser). An item of a
feed counts when it has a title, a text or a link: others are tests of a single field. Prints lines of:
messages, a tab, the path within the folder.
"""

import email
import email.policy
import json
import mailbox
import os
import re
import sys

import feedparser

MAIL = (".mbox", ".eml", ".mail", ".msg", ".txt")
FEEDS = (".xml", ".rss", ".atom", ".rdf", ".json")


def mails(path):
    with open(path, "rb") as file:
        start = file.read(5)
    if start == b"From ":
        box = mailbox.mbox(path, create=False)
        return sum(1 for message in box if message.keys())
    with open(path, "rb") as file:
        return int(bool(email.message_from_binary_file(file, policy=email.policy.compat32).keys()))


def feed_items(path):
    if path.endswith(".json"):
        try:
            with open(path, encoding="utf-8") as file:
                value = json.load(file)
        except ValueError:
            return 0
        is_feed = isinstance(value, dict) and "jsonfeed.org" in str(value.get("version"))
        items = value.get("items") or [] if is_feed else []
        return sum(1 for item in items if isinstance(item, dict) and says_something(item))
    with open(path, "rb") as file:
        return sum(1 for item in feedparser.parse(file.read()).entries if says_something(item))


def says_something(item):
    names = ("title", "summary", "link", "url", "external_url", "content_text", "content_html")
    texts = [item.get(name) for name in names]
    texts += [part.get("value") for part in item.get("content") or [] if isinstance(part, dict)]
    return any(re.sub(r"<[^>]*>", "", str(text or "")).strip() for text in texts)


def maildir(path):
    return sum(
        mails(os.path.join(place, name))
        for place, _, names in os.walk(path)
        if os.path.basename(place) in ("cur", "new")
        for name in names
        if not name.startswith(".")
    )


def walk(folder, root):
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name = os.path.relpath(entry.path, root)
        if entry.is_dir(follow_symlinks=False):
            if {"cur", "new"} & set(os.listdir(entry.path)):
                print(maildir(entry.path), name, sep="\t")
            elif not os.path.exists(os.path.join(entry.path, "channels.json")):
                walk(entry.path, root)
        elif entry.name.endswith(MAIL):
            print(mails(entry.path), name, sep="\t")
        elif entry.name.endswith(FEEDS):
            print(feed_items(entry.path), name, sep="\t")


walk(sys.argv[1], sys.argv[1])
