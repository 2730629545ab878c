"""Elasticsearch, by its official client, which is loaded only where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nexafi.kernel.watch import fields
from nexafi.kernel.watch.shipping import Away, TooLarge, Verdict

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

TIMEOUT_S: Final = 30


@dataclass(frozen=True, slots=True)
class Access:
    """Where it is, and as whom we come."""

    url: str
    api_key: str | None = None
    user: str | None = None
    password: str | None = None
    ca: Path | None = None
    """A file of certificates to trust, if its own is by none that the system trusts."""

    def client(self) -> Elasticsearch:
        """Return a client that tries nothing again by itself: the shipper does."""
        from elasticsearch import Elasticsearch  # noqa: PLC0415 - 15 MiB, for who has it

        given: dict[str, Any] = {"request_timeout": TIMEOUT_S, "max_retries": 0}
        if self.api_key:
            given["api_key"] = self.api_key
        elif self.user:
            given["basic_auth"] = (self.user, self.password or "")
        if self.ca:
            given["ca_certs"] = str(self.ca)
        return Elasticsearch(self.url, **given)


class Documents:
    """Creates documents in the data stream of our log."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def create(self, lines: Sequence[tuple[str, str]]) -> list[Verdict]:
        """Create each of *lines*, an id and its JSON; return what became of each, in order.

        Raises:
            Away: it cannot be reached, or takes nothing from us now.
            TooLarge: it takes less at once.

        """
        operations: list[Any] = []
        for id_, text in lines:
            operations += [{"create": {"_id": id_}}, text]
        answer = _asked(
            lambda: self._client.bulk(
                index=fields.STREAM,
                operations=operations,
                filter_path="items.*.status,items.*.error",
            )
        )
        verdicts = [_verdict(item["create"]) for item in answer["items"]]
        if len(verdicts) != len(lines):
            raise Away(f"it answered for {len(verdicts)} of {len(lines)} lines")
        return verdicts


def set_up(client: Elasticsearch, keep_days: int) -> None:
    """Install our index template, or bring it up to date; raise Away if that is refused."""
    body = fields.template(keep_days)
    _asked(
        lambda: client.indices.put_index_template(
            name=fields.TEMPLATE,
            index_patterns=body["index_patterns"],
            data_stream=body["data_stream"],
            priority=body["priority"],
            template=body["template"],
            meta=body["_meta"],
        )
    )
    if _asked(lambda: client.indices.exists(index=fields.STREAM)):
        mappings = body["template"]["mappings"]
        _asked(
            lambda: client.indices.put_mapping(
                index=fields.STREAM, properties=mappings["properties"]
            )
        )
        _asked(
            lambda: client.indices.put_data_lifecycle(
                name=fields.STREAM, data_retention=f"{keep_days}d"
            )
        )


def _asked(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it answers
    """Return what it answers; raise Away, or TooLarge, with the reason in one line."""
    from elasticsearch import ApiError, TransportError, UnsupportedProductError  # noqa: PLC0415

    try:
        return ask()
    except ApiError as error:
        if error.status_code == 413:
            raise TooLarge from error
        raise Away(f"it answers {error.status_code} ({error.message[:200]})") from error
    except UnsupportedProductError as error:
        raise Away("what answers there is not Elasticsearch") from error
    except TransportError as error:
        raise Away(f"{type(error).__name__}: {str(error.message)[:200]}") from error


def _verdict(item: dict[str, Any]) -> Verdict:
    error = item.get("error") or {}
    reason = f"{error.get('type', '')}: {error.get('reason', '')}" if error else ""
    return Verdict(int(item["status"]), reason[:300])
