"""What no schema can say, for `npm run test:schema`: what there is to ask for, and which answers are right though a check minds them."""

import json
import os
import random
import re

import schemathesis

# The account and the token that it calls with: once they were revoked or demoted, nothing would be tested any more.
OWN = {int(own) for own in os.environ["SYMBOLON_OWN_IDS"].split(",")}
NOBODY = 1
SERVICE = os.environ["SYMBOLON_SERVICE"]

# Ids that creations have answered, by the path below which they are. A drawn id names nothing, and a 404 tests little.
CREATED = {"/users": [], "/user-tokens": [int(id) for id in os.environ["SYMBOLON_TOKEN_IDS"].split(",")], "/datastores": []}
draw = random.Random(1)

# Problems that follow from what there is, as 404 and 409 do, which are expected without being named here.
OF_STATE = {
    "invalid-cursor": "only the API makes cursors",
    "idempotency-key-reused": "the same key came with another body",
    "precondition-failed": "If-Match names another version",
}

# Errors of a field that follow from another field, from rows, the clock or the stage's settings.
OF_MORE_THAN_THE_FIELD = [
    r"must be Public, or one of the caller's teams",
    r"must be the name of a team",
    r"must lead to a key of 1 to 32 characters of a-z, 0-9 and _",
    r"must have a letter or digit of a-z, 0-9",
    r"is required for a human",
    r"is required with type Service",
    r"goes with type Service only: a personal token is the caller's",
    r"must be a service account's",
    r"must be 7d to 365d, 1y, never, or an RFC 3339 instant",
    r"must be at least one hour ahead",
    r"must be at most \d+ days ahead on this stage",
    r"must not be never on this stage",
    r"must not be later than that of the token it is made with",
    r"must not be later than to",
    r"must be at most 31 days before to, without user_id",
]


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    parameters = case.path_parameters or {}
    meta = case.meta
    if meta is not None and meta.phase.name.value == "fuzzing" and meta.generation.mode.is_positive and draw.random() < 0.75:
        ids = next((ids for base, ids in CREATED.items() if path.startswith(base + "/{id}")), [])
        if ids:
            parameters["id"] = draw.choice(ids)
        if path == "/problems/{slug}":
            parameters["slug"] = "not-found"
        if path == "/user-tokens/{id}/rotate" and isinstance(case.body, dict):
            case.body = {**case.body, "overlap_hours": 24}
            case.body.pop("expiration", None)
        if path == "/user-tokens" and case.method.upper() == "POST":
            case.body = {**case.body, "type": "Service", "user_id": SERVICE, "expiration": "30d"}
    if case.method.upper() != "GET" and parameters.get("id") in OWN | {str(own) for own in OWN}:
        parameters["id"] = NOBODY


@schemathesis.hook
def after_call(context, case, response):
    if case.operation.path in CREATED and response.status_code == 201:
        CREATED[case.operation.path].append(json.loads(response.text)["id"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """False: it is none."""
    kind = type(failure).__name__
    if kind == "RejectedPositiveData":
        return not is_of_more_than_the_schema(response)
    # 428 says which header it misses: RFC 6585 made it for that.
    if kind == "MissingHeaderNotRejected":
        return response.status_code != 428
    # It is trimmed before it is measured.
    if kind == "AcceptedNegativeData":
        return not any(text != text.strip() for text in texts([case.query, case.body]))
    return True


def is_of_more_than_the_schema(response):
    try:
        problem = json.loads(response.text)
    except ValueError:
        return False
    slug = problem["type"].rsplit("/", 1)[-1]
    if slug in OF_STATE:
        return True
    errors = problem.get("errors", [])
    named = (any(re.fullmatch(one, error["detail"]) for one in OF_MORE_THAN_THE_FIELD) for error in errors)
    return slug == "validation-failed" and len(errors) > 0 and all(named)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
