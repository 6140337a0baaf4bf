"""benchmarks/results/search_proof.md, from what is kept."""

from pathlib import Path

from benchmarks.proofs.page_campaign import campaign_section
from benchmarks.proofs.page_ecoli import ecoli_section
from benchmarks.proofs.page_measured import emap_section, isoprenol_section
from benchmarks.proofs.results import read
from benchmarks.proofs.section import Section, words
from benchmarks.proofs.verdicts import first_line

_SECTIONS = {
    "ecoli": ecoli_section,
    "isoprenol": isoprenol_section,
    "campaign": campaign_section,
    "emap": emap_section,
}


def write_page(folder: Path) -> Path:
    """Write the page beside the folder of results, and its pictures into it; returns the page."""
    pictures = f"{folder.name}/"
    sections: list[Section] = []
    for name, section in _SECTIONS.items():
        found = read(folder, name)
        if found is not None:
            sections.append(section(found, folder, pictures))
    verdicts = [verdict for section in sections for verdict in section.verdicts]
    parts = [
        words("head", first=first_line(verdicts)),
        "\n".join(f"* {verdict.words}" for verdict in verdicts),
        *(section.text for section in sections),
    ]
    path = folder.parent / f"{folder.name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part for part in parts if part) + "\n")
    return path
