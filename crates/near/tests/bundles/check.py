"""Judges bundles of signed payloads as the NEAR Intents Verifier does: a second checker, written from
the formats alone, for the first one to be held against.

Reads lines {"state": ..., "bundle": [...], "now": "..."} and answers each with a line
{"refused": null or "why", "balances": {...}, "log_bytes": n, "log_lines": n}.

Signatures of raw_ed25519 and nep413 are verified here. For another standard "signers" may tell, by the
payload's index, the key that has signed; its hash is then told by "hashes".
"""

import base64
import copy
import datetime
import hashlib
import json
import re
import sys

import ed25519

ACCOUNT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.A
)
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
EPOCH = datetime.datetime(1970, 1, 1)
NEP413_TAG = 2147484061
VERSIONED = bytes.fromhex("5628f6c600")
MOST_LOG_BYTES, MOST_LOG_LINES = 16384, 100


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


# Reading.


class Twice(dict):
    """An object, and which of its keys stand twice in it."""

    def __init__(self, pairs):
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.twice = {key for key in keys if keys.count(key) > 1}

    def once(self, *fields):
        need(not self.twice.intersection(fields), "a field stands twice")
        return self


def read(text):
    try:
        value = json.loads(text, object_pairs_hook=Twice)
    except ValueError as error:
        raise Refused("not JSON") from error
    need(isinstance(value, Twice), "no object")
    return value


def text_of(thing, field):
    need(isinstance(thing.get(field), str), f"{field} is no text")
    return thing[field]


def account(text):
    need(isinstance(text, str) and 2 <= len(text) <= 64 and ACCOUNT.fullmatch(text), "no account")
    return text


def token(text):
    standard, _, rest = text.partition(":")
    contract, colon, _ = rest.partition(":")
    if standard == "nep141":
        return account(rest) and text
    need(standard in ("nep171", "nep245", "imt") and colon, "no token")
    return account(contract) and text


def number(text, low, high):
    form = r"[+-]?\d+" if low < 0 else r"\+?\d+"
    need(isinstance(text, str) and re.fullmatch(form, text, re.A), "no amount")
    need(low <= int(text) < high, "an amount that does not fit")
    return int(text)


def units(text):
    return number(text, 0, 2**128)


def nanoseconds(text):
    match = TIME.fullmatch(text)
    need(match, "no time")
    date, clock, fraction, sign, hours, minutes = match.groups()
    try:
        time = datetime.datetime.fromisoformat(f"{date}T{clock}")
    except ValueError as error:
        raise Refused("no time") from error
    seconds = (time - EPOCH) // datetime.timedelta(seconds=1)
    offset = 60 * (60 * int(hours or 0) + int(minutes or 0))
    seconds += offset if sign == "-" else -offset
    return seconds * 10**9 + int((fraction or "0")[:9].ljust(9, "0"))


def base58(text, length):
    value = 0
    for digit in text:
        need(digit in BASE58, "not base58")
        value = value * 58 + BASE58.index(digit)
    zeros = len(text) - len(text.lstrip("1"))
    data = bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")
    need(len(data) == length, "wrong length")
    return data


def to_base58(data):
    value, text = int.from_bytes(data, "big"), ""
    while value:
        value, digit = divmod(value, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def of_ed25519(text, length):
    curve, colon, rest = text.rpartition(":")
    need(not colon or curve.lower() == "ed25519", "another curve")
    return base58(rest, length)


def nonce_of(text):
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise Refused("no base64") from error
    need(len(data) == 32, "no nonce")
    return data


# Signatures.


def borsh(text):
    data = text.encode()
    return len(data).to_bytes(4, "little") + data


def opened(signed, index, case):
    """The key that has signed, the hash, and what it says."""
    standard, payload = text_of(signed, "standard"), signed.get("payload")
    if standard == "raw_ed25519":
        text = text_of(signed, "payload")
        digest, message = hashlib.sha256(text.encode()).digest(), text.encode()
        said = read(text).once("signer_id", "verifying_contract", "deadline", "nonce", "intents")
    elif standard == "nep413":
        need(isinstance(payload, dict), "no message")
        text, recipient = text_of(payload, "message"), text_of(payload, "recipient")
        callback = payload.get("callbackUrl")
        frame = NEP413_TAG.to_bytes(4, "little") + borsh(text)
        frame += nonce_of(text_of(payload, "nonce")) + borsh(recipient)
        frame += b"\0" if callback is None else b"\1" + borsh(callback)
        digest = message = hashlib.sha256(frame).digest()
        said = read(text).once("signer_id", "deadline", "intents")
        said |= {"verifying_contract": recipient, "nonce": payload["nonce"]}
    else:
        key = case.get("signers", {}).get(str(index))
        need(key, "an unknown standard")
        return key, case["hashes"][str(index)], read(text_of(signed, "payload"))
    key = of_ed25519(text_of(signed, "public_key"), 32)
    signature = of_ed25519(text_of(signed, "signature"), 64)
    need(ed25519.verify(key, message, signature), "the signature is not valid")
    return "ed25519:" + to_base58(key), to_base58(digest), said


# What a call does.


class Call:
    def __init__(self, state):
        self.state = copy.deepcopy(state)
        self.balances = {}
        for name, tokens in state["balances"].items():
            for name_of_token, amount in tokens.items():
                self.balances[name, name_of_token] = int(amount)
        self.keys = {(name, key): may for name, key, may in state["keys"]}
        self.nonces = {(name, nonce_of(text)) for name, text in state["nonces"]}
        self.by_predecessor = {}
        self.supplies = {}
        for (_, name_of_token), amount in self.balances.items():
            self.supplies[name_of_token] = self.supplies.get(name_of_token, 0) + amount
        self.sums = {}
        self.lines, self.executed, self.burns = [], [], []

    def log(self, standard, event, data):
        version = "1.0.0" if standard == "nep245" else "0.4.3"
        line = {"standard": standard, "version": version, "event": event, "data": data}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        self.lines.append("EVENT_JSON:" + text)

    def log_bytes(self):
        return sum(len(line.encode()) for line in self.lines)

    def move(self, name, what, change):
        """Within the Verifier: it counts for what has to cancel out."""
        self.change(name, what, change)
        sums = self.sums.setdefault(what, {})
        sums[name] = sums.get(name, 0) + change

    def change(self, name, what, change):
        balance = self.balances.get((name, what), 0) + change
        need(balance >= 0, f"{name} has less of {what} than it pays")
        need(balance < 2**128, "a balance that does not fit")
        self.balances[name, what] = balance

    def has_key(self, name, key):
        curve, _, digits = key.partition(":")
        own = curve == "ed25519" and base58(digits, 32).hex() == name
        return self.keys.get((name, key), own)

    def run(self, case, now):
        for index, signed in enumerate(case["bundle"]):
            self.payload(opened(signed, index, case), now)
        self.close()
        need(self.log_bytes() <= MOST_LOG_BYTES, "more bytes of logs than a call may write")
        need(len(self.lines) <= MOST_LOG_LINES, "more lines of logs than a call may write")

    def payload(self, payload, now):
        key, digest, said = payload
        signer = account(said.get("signer_id"))
        deadline = nanoseconds(text_of(said, "deadline"))
        nonce = nonce_of(text_of(said, "nonce"))
        listed = said.get("intents", [])
        need(isinstance(listed, list), "no list of intents")
        intents = [self.parsed(intent) for intent in listed]
        contract = account(said.get("verifying_contract"))
        need(contract == self.state["contract"], "another contract")
        need(deadline >= now, "the deadline has passed")
        need(self.has_key(signer, key), "the key is not the account's")
        if nonce.startswith(VERSIONED):
            need(nonce[5:9].hex() in self.state["salts"], "a salt that is not taken")
            until = int.from_bytes(nonce[9:17], "little", signed=True)
            need(deadline <= until, "the deadline is later than the nonce's")
        need((signer, nonce) not in self.nonces, "the nonce is used")
        self.nonces.add((signer, nonce))
        about = {"intent_hash": digest, "account_id": signer}
        for kind, intent in intents:
            getattr(self, kind)(signer, about, intent)
        self.executed.append({**about, "nonce": base64.b64encode(nonce).decode()})

    @staticmethod
    def parsed(intent):
        need(isinstance(intent, dict), "no intent")
        kind = text_of(intent, "intent")
        need(kind in KINDS, "an unknown kind of intent")
        amount, name = intent.get("amount"), intent.get("receiver_id")
        read_one = {
            "token_diff": lambda: [
                (token(what), number(text, -(2**127), 2**127))
                for what, text in intent["diff"].items()
            ],
            "transfer": lambda: (
                account(name),
                [(token(what), units(text)) for what, text in intent["tokens"].items()],
            ),
            "ft_withdraw": lambda: (account(intent["token"]), account(name), units(amount)),
            "nft_withdraw": lambda: (account(intent["token"]), account(name), intent["token_id"]),
            "mt_withdraw": lambda: (
                account(intent["token"]),
                account(name),
                [str(one) for one in intent["token_ids"]],
                [units(text) for text in intent["amounts"]],
            ),
            "native_withdraw": lambda: (account(name), units(amount)),
            "storage_deposit": lambda: (
                account(intent["contract_id"]),
                account(intent.get("deposit_for_account_id", intent.get("account_id"))),
                units(amount),
            ),
        }
        try:
            parsed = read_one.get(kind, lambda: None)()
        except (KeyError, TypeError, AttributeError) as error:
            raise Refused("an intent that cannot be read") from error
        return kind, (intent, parsed)

    def fee(self, what, amount):
        standard = what.partition(":")[0]
        if standard == "nep171" or (standard != "nep141" and amount <= 1):
            return 0
        return -(-amount * self.state["fee_pips"] // 10**6)

    def token_diff(self, signer, about, intent):
        intent, diff = intent
        need(diff, "no token in a difference")
        fees = {}
        for what, change in diff:
            need(change, "a difference of nothing")
            self.move(signer, what, change)
            if change < 0 and self.fee(what, -change):
                fees[what] = self.fee(what, -change)
        event = {"diff": {what: str(change) for what, change in diff}}
        event |= some(intent, "memo", "referral")
        if fees:
            event["fees_collected"] = {what: str(fee) for what, fee in fees.items()}
        self.log("dip4", "token_diff", [{**about, **event}])
        for what, fee in fees.items():
            self.move(self.state["fee_collector"], what, fee)

    def transfer(self, signer, about, intent):
        intent, (receiver, tokens) = intent
        need(receiver != signer, "a transfer to oneself")
        need(tokens and all(amount for _, amount in tokens), "a transfer of nothing")
        event = {"receiver_id": receiver, "tokens": {what: str(n) for what, n in tokens}}
        self.log("dip4", "transfer", [{**about, **event, **some(intent, "memo")}])
        for what, amount in tokens:
            self.move(signer, what, -amount)
            self.move(receiver, what, amount)

    def leave(self, signer, about, kind, event, tokens):
        if kind:
            self.log("dip4", kind, [{**about, **event}])
        for what, amount in tokens:
            need(amount, "a withdrawal of nothing")
            self.change(signer, what, -amount)
            self.supplies[what] = self.supplies.get(what, 0) - amount
            need(self.supplies[what] >= 0, "more leaves than there is")
        ids, amounts = [what for what, _ in tokens], [str(amount) for _, amount in tokens]
        burn = {"owner_id": signer, "token_ids": ids, "amounts": amounts, "memo": "withdraw"}
        self.burns.append(burn)

    def near(self, amount):
        return ("nep141:" + self.state["wrapped_near"], amount)

    def with_storage(self, intent):
        """The wrapped NEAR for storage, and the fields that are logged of every withdrawal."""
        storage = intent.get("storage_deposit")
        tokens = [] if storage is None else [self.near(units(storage))]
        logged = some(intent, "memo", "msg", "storage_deposit", "min_gas")
        return tokens, {field: str(value) for field, value in logged.items()}

    def ft_withdraw(self, signer, about, intent):
        intent, (contract, receiver, amount) = intent
        storage, fields = self.with_storage(intent)
        event = {"token": contract, "receiver_id": receiver, "amount": str(amount), **fields}
        tokens = [(f"nep141:{contract}", amount), *storage]
        self.leave(signer, about, "ft_withdraw", event, tokens)

    def nft_withdraw(self, signer, about, intent):
        intent, (contract, receiver, one) = intent
        storage, fields = self.with_storage(intent)
        event = {"token": contract, "receiver_id": receiver, "token_id": one, **fields}
        tokens = [(f"nep171:{contract}:{one}", 1), *storage]
        self.leave(signer, about, "nft_withdraw", event, tokens)

    def mt_withdraw(self, signer, about, intent):
        intent, (contract, receiver, ids, amounts) = intent
        need(ids and len(ids) == len(amounts), "ids and amounts are not of one length")
        storage, fields = self.with_storage(intent)
        event = {"token": contract, "receiver_id": receiver, "token_ids": ids}
        event |= {"amounts": [str(amount) for amount in amounts], **fields}
        tokens = [(f"nep245:{contract}:{one}", n) for one, n in zip(ids, amounts)]
        self.leave(signer, about, "mt_withdraw", event, [*tokens, *storage])

    def native_withdraw(self, signer, about, intent):
        _, (receiver, amount) = intent
        event = {"receiver_id": receiver, "amount": str(amount)}
        self.leave(signer, about, "native_withdraw", event, [self.near(amount)])

    def storage_deposit(self, signer, about, intent):
        _, (contract, receiver, amount) = intent
        event = {"contract_id": contract, "deposit_for_account_id": receiver}
        event["amount"] = str(amount)
        self.leave(signer, about, "storage_deposit", event, [self.near(amount)])

    def auth_call(self, signer, about, intent):
        deposit = units(intent[0].get("attached_deposit", "0"))
        if deposit:
            self.leave(signer, about, None, {}, [self.near(deposit)])

    def add_public_key(self, signer, about, intent):
        self.set_key(signer, about, text_of(intent[0], "public_key"), True)

    def remove_public_key(self, signer, about, intent):
        self.set_key(signer, about, text_of(intent[0], "public_key"), False)

    def set_key(self, signer, about, key, may):
        need(self.has_key(signer, key) != may, "a key that is there, or is not")
        self.keys[signer, key] = may
        event = "public_key_added" if may else "public_key_removed"
        self.log("dip4", event, {**about, "public_key": key})

    def set_auth_by_predecessor_id(self, signer, about, intent):
        enabled = intent[0].get("enabled")
        need(isinstance(enabled, bool), "neither on nor off")
        if self.by_predecessor.get(signer, True) != enabled:
            self.log("dip4", "set_auth_by_predecessor_id", {**about, "enabled": enabled})
        self.by_predecessor[signer] = enabled

    def close(self):
        unmatched = {what: sum(sums.values()) for what, sums in self.sums.items()}
        unmatched = {what: rest for what, rest in unmatched.items() if rest}
        need(not unmatched, f"differences that do not cancel out: {unmatched}")
        if self.executed:
            self.log("dip4", "intents_executed", self.executed)
        matched = {}
        for what, sums in sorted(self.sums.items()):
            for pair, amount in pairs(sums):
                matched.setdefault(pair, []).append((what, str(amount)))
        transfers = [
            {
                "old_owner_id": payer,
                "new_owner_id": receiver,
                "token_ids": [what for what, _ in tokens],
                "amounts": [amount for _, amount in tokens],
            }
            for (payer, receiver), tokens in matched.items()
        ]
        if transfers:
            self.log("nep245", "mt_transfer", transfers)
        if self.burns:
            self.log("nep245", "mt_burn", self.burns)


KINDS = {
    "token_diff", "transfer", "ft_withdraw", "nft_withdraw", "mt_withdraw", "native_withdraw",
    "storage_deposit", "auth_call", "add_public_key", "remove_public_key",
    "set_auth_by_predecessor_id",
}  # fmt: skip


def some(thing, *fields):
    return {field: thing[field] for field in fields if thing.get(field) is not None}


def pairs(sums):
    """Who pays whom of one token: the largest payer the largest receiver, and so on down."""
    payers = sorted((change, name) for name, change in sums.items() if change < 0)
    receivers = sorted((-change, name) for name, change in sums.items() if change > 0)
    while payers and receivers:
        (paid, payer), (received, receiver) = payers.pop(0), receivers.pop(0)
        amount = min(-paid, -received)
        yield (payer, receiver), amount
        if paid + amount:
            payers.insert(0, (paid + amount, payer))
        if received + amount:
            receivers.insert(0, (received + amount, receiver))


def judge(case):
    call, refused = Call(case["state"]), None
    balances = call.balances.copy()
    try:
        call.run(case, nanoseconds(case["now"]))
        balances = call.balances
    except Refused as why:
        refused = str(why)
    listed = {}
    for (name, what), amount in balances.items():
        if amount:
            listed.setdefault(name, {})[what] = str(amount)
    said = {"refused": refused, "balances": listed}
    return {**said, "log_bytes": call.log_bytes(), "log_lines": len(call.lines)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))), flush=True)
