"""All SQL of proposals: written once, when a search ends; read page by page."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.orm import Session

from service.contract.designs import encode_name
from service.contract.errors import InvalidArgumentError
from service.contract.proposals import Proposal
from service.contract.records import JobRecord, ProposalRecord
from service.contract.repositories.paging import Page


@dataclass(frozen=True)
class ProposalFilter:
    """Which proposals; None and False keep all. `locus` is edited in each of them."""

    order: int | None = None
    locus: str | None = None
    pareto_only: bool = False
    new_only: bool = False
    by_check: bool = False


def add_proposals(session: Session, job: JobRecord, proposals: Iterable[Proposal]) -> None:
    """Write the proposals of a search, in the place of those of an earlier run."""
    session.execute(delete(ProposalRecord).where(ProposalRecord.job_id == job.id))
    rows = [
        {
            "job_id": job.id,
            "project_id": job.project_id,
            "created_by": job.created_by,
            "rank": proposal.rank,
            "check_rank": proposal.check_rank,
            "genotype": proposal.genotype,
            "order": proposal.order,
            "is_pareto": proposal.is_pareto,
            "is_new_combination": proposal.is_new_combination,
            "data": proposal.model_dump(mode="json"),
        }
        for proposal in proposals
    ]
    if rows:
        session.execute(insert(ProposalRecord), rows)


def list_proposals(
    session: Session,
    job_id: str,
    wanted: ProposalFilter,
    *,
    page_size: int,
    page_token: str | None,
) -> Page[ProposalRecord]:
    """One page of proposals, the best first: by rank, or by the rank of the check.

    Raises:
        InvalidArgumentError: the token is not one of ours.
    """
    key = ProposalRecord.check_rank if wanted.by_check else ProposalRecord.rank
    query = select(ProposalRecord).where(ProposalRecord.job_id == job_id)
    if wanted.order is not None:
        query = query.where(ProposalRecord.order == wanted.order)
    if wanted.locus is not None:
        text = literal("+").concat(ProposalRecord.genotype)
        query = query.where(text.contains(f"+{encode_name(wanted.locus)}:", autoescape=True))
    if wanted.pareto_only:
        query = query.where(ProposalRecord.is_pareto)
    if wanted.new_only:
        query = query.where(ProposalRecord.is_new_combination)
    if page_token:
        query = query.where(key > _decode(page_token))
    rows = session.scalars(query.order_by(key).limit(page_size + 1)).all()
    if len(rows) <= page_size:
        return Page(rows, None)
    last = rows[page_size - 1]
    return Page(rows[:page_size], _encode(last.check_rank if wanted.by_check else last.rank))


def _encode(rank: int) -> str:
    return base64.urlsafe_b64encode(f"rank {rank}".encode()).decode()


def _decode(token: str) -> int:
    try:
        word, _, rank = base64.urlsafe_b64decode(token).decode("ascii").partition(" ")
        if word == "rank" and rank.isdigit() and len(rank) < 10:
            return int(rank)
    except ValueError:
        pass
    raise InvalidArgumentError("page_token is not one that this list has given")
