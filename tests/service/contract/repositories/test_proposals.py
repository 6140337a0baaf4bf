"""Proposals: read in the order of either rank, page by page, filtered."""

import pytest

from service.contract.errors import InvalidArgumentError
from service.contract.proposals import Proposal, ProposalLabel
from service.contract.records import JobRecord
from service.contract.repositories import proposals
from service.contract.repositories.proposals import ProposalFilter

LABEL = ProposalLabel(
    name="titer",
    unit="mg/L",
    compose_mean=2.0,
    compose_sd=0.1,
    intact_mean=1.5,
    intact_sd=0.2,
    expected_neutral=1.0,
    interaction=0.5,
    sign_disagrees=False,
)


def proposal(rank, check_rank, genotype, **changes):
    given = {
        "rank": rank,
        "check_rank": check_rank,
        "genotype": genotype,
        "order": genotype.count("+") + 1,
        "value": -rank,
        "check_value": -check_rank,
        "design_support": 0,
        "is_new_combination": False,
        "labels": (LABEL,),
    }
    return Proposal(**(given | changes))


FOUND = [
    proposal(1, 3, "a:deletion+b%2Bc:deletion", is_pareto=True),
    proposal(2, 1, "ab:deletion", is_new_combination=True),
    proposal(3, 2, "a_:deletion+ab:knockdown", is_pareto=True),
]


@pytest.fixture
def job_id(database, new_job):
    job_id = new_job()
    with database.write() as session:
        proposals.add_proposals(session, session.get_one(JobRecord, job_id), FOUND)
    return job_id


def read(database, job_id, *, size=10, token=None, **wanted):
    with database.read() as session:
        page = proposals.list_proposals(
            session, job_id, ProposalFilter(**wanted), page_size=size, page_token=token
        )
        return [Proposal.model_validate(row.data) for row in page.rows], page.next_page_token


def test_all_come_back_whole_by_either_rank(database, job_id):
    assert read(database, job_id) == (FOUND, None)
    by_check, _ = read(database, job_id, by_check=True)
    assert [p.check_rank for p in by_check] == [1, 2, 3]


@pytest.mark.parametrize("by_check", [False, True])
def test_pages_together_are_the_list(database, job_id, by_check):
    found, token = [], None
    while True:
        rows, token = read(database, job_id, size=1, token=token, by_check=by_check)
        found += rows
        if token is None:
            break
    assert found == read(database, job_id, by_check=by_check)[0]


@pytest.mark.parametrize(
    ("wanted", "ranks"),
    [
        ({"order": 1}, [2]),
        ({"locus": "a"}, [1]),
        ({"locus": "ab"}, [2, 3]),
        ({"locus": "a_"}, [3]),
        ({"locus": "b+c"}, [1]),
        ({"locus": "%"}, []),
        ({"pareto_only": True}, [1, 3]),
        ({"new_only": True}, [2]),
        ({"pareto_only": True, "locus": "ab"}, [3]),
    ],
)
def test_filters(database, job_id, wanted, ranks):
    assert [p.rank for p in read(database, job_id, **wanted)[0]] == ranks


def test_a_second_run_takes_the_place_of_the_first(database, job_id):
    with database.write() as session:
        proposals.add_proposals(session, session.get_one(JobRecord, job_id), FOUND[:1])
    assert read(database, job_id)[0] == FOUND[:1]


@pytest.mark.parametrize("token", ["x", "cmFuayB4", "\u00e9", "cmFuayA5OTk5OTk5OTk5OTk5OQ=="])
def test_a_token_that_is_none_of_ours_is_refused(database, job_id, token):
    with pytest.raises(InvalidArgumentError, match="page_token"):
        read(database, job_id, token=token)
