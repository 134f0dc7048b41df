"""Files that are not what they seem: one sentence each, and nothing unpacked that should not be."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from connectors import spreadsheet_gate
from connectors.profile import Profile
from connectors.spreadsheet_files import open_table
from connectors.spreadsheets import entity_table, import_entities
from schemas.errors import DrawbridgeError
from tests.connectors.workbooks import archive, cell, compound, parts, save_xlsx, xls
from tests.factories import clean_directory, code

A = code(random.Random(1))


def refused(path: Path) -> DrawbridgeError:
    def read() -> None:
        for sheet in open_table(path).sheets:
            list(sheet.rows())

    with pytest.raises(DrawbridgeError) as caught:
        read()
    return caught.value


def written(tmp_path: Path, data: bytes, name: str = "名录.xlsx") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_file_that_is_not_there_and_one_that_is_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "没有.csv").code == "DB-INPUT-001"
    assert refused(tmp_path).code == "DB-INPUT-002"
    assert refused(tmp_path / "a" / "b.csv").code == "DB-INPUT-001"


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file(tmp_path: Path, data: bytes) -> None:
    assert refused(written(tmp_path, data, "名录.csv")).code == "DB-INPUT-003"


def test_a_header_without_rows_is_an_empty_list(tmp_path: Path, hebei: Profile) -> None:
    path = written(tmp_path, "企业名称,统一社会信用代码\n,\n".encode(), "名录.csv")
    with pytest.raises(DrawbridgeError) as caught:
        import_entities(path, hebei)
    assert caught.value.code == "DB-INPUT-003"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"Rar!\x1a\x07\x00", "RAR"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"{\\rtf1 x}", "RTF"),
        (b"\xef\xbb\xbf<html><table><tr>", "网页或 XML"),
        (b'<?xml version="1.0"?><Workbook/>', "网页或 XML"),
        (b"abc\x00\x01\x02", "二进制文件"),
    ],
)
def test_what_only_calls_itself_a_workbook_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    error = refused(written(tmp_path, data))
    assert (error.code, error.facts["detail"]) == ("DB-INPUT-004", said)
    assert "\n" not in str(error)


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    assert refused(written(tmp_path, archive({"word/document.xml": b"<x/>"}))).code == "DB-INPUT-004"


def test_a_workbook_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    book = save_xlsx(tmp_path / "a.xlsx", [("企业名称",), ("甲厂",)]).read_bytes()
    for name in ("a.xls", "a.csv", "a.dat", "a.ods"):
        opened = open_table(written(tmp_path, book, name))
        assert opened.encoding == "xlsx"
        assert [cells for _, cells in opened.sheets[0].rows()] == [["企业名称"], ["甲厂"]]
    assert open_table(written(tmp_path, xls([("甲",)]), "b.xlsx")).encoding == "xls"


def test_a_text_in_neither_encoding_names_the_line(tmp_path: Path) -> None:
    text = "企业名称,统一社会信用代码\n甲厂,1\n".encode("gb18030") + b"\xff\xff\xff,2\n"
    error = refused(written(tmp_path, text, "名录.csv"))
    assert (error.code, error.facts["line"]) == ("DB-INPUT-005", 3)


def test_utf8_that_was_damaged_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    data = clean_directory(5).to_csv("utf-8")
    cut = data.index("工业区".encode())
    error = refused(written(tmp_path, data[: cut + 2] + data[cut + 3 :], "名录.csv"))
    assert error.code == "DB-INPUT-005"


def test_a_damaged_workbook_is_one_sentence(tmp_path: Path) -> None:
    book = save_xlsx(tmp_path / "a.xlsx", [("企业名称",)]).read_bytes()
    assert refused(written(tmp_path, book[: len(book) // 2])).code == "DB-INPUT-008"
    spoiled = bytearray(book)
    for position in range(60, 400):
        spoiled[position] ^= 0x55
    assert refused(written(tmp_path, bytes(spoiled))).code == "DB-INPUT-008"
    assert refused(written(tmp_path, xls([("甲",)])[:900], "a.xls")).code == "DB-INPUT-008"


@pytest.mark.parametrize("case", ["ratio", "size", "entries"])
def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    content = parts("<row>" + cell("甲") + "</row>")
    if case == "ratio":
        content["xl/media/a.bin"] = bytes(30_000_000)
    elif case == "size":
        monkeypatch.setattr(spreadsheet_gate, "MAX_UNPACKED", 2_000_000)
        content["xl/media/a.bin"] = random.Random(1).randbytes(2_000_001)
    else:
        content |= {f"xl/media/{n}": b"" for n in range(1_001)}
    error = refused(written(tmp_path, archive(content)))
    assert error.code == "DB-INPUT-042"


def test_more_rows_than_a_list_may_have(tmp_path: Path) -> None:
    data = f'<row r="1">{cell("甲", "A1")}</row><row r="1000002">{cell("乙", "A1000002")}</row>'
    assert refused(written(tmp_path, archive(parts(data)))).code == "DB-INPUT-045"


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    content = parts("")
    content["xl/sharedStrings.xml"] = b'<!DOCTYPE a [<!ENTITY b "c">]><sst/>'
    error = refused(written(tmp_path, archive(content)))
    assert (error.code, error.facts["detail"]) == ("DB-INPUT-007", "部件带有文档类型声明")


def test_a_sheet_that_names_the_last_corner_is_not_allocated(tmp_path: Path) -> None:
    data = f'<row r="1">{cell("甲", "A1")}</row><row r="1048576">{cell("乙", "XFD1048576")}</row>'
    error = refused(written(tmp_path, archive(parts(data))))
    assert (error.code, error.facts["detail"]) == ("DB-INPUT-007", "工作表的范围异常")


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_the_same_without_saying_so_is_seen_too(tmp_path: Path, prefix: str) -> None:
    """Cells that name no place stand one behind the other: many in a row, and a row at the end."""
    chance = random.Random(1)
    wide = "".join(cell(str(chance.getrandbits(60))) for _ in range(16_384))
    data = f'<row>{wide}</row><row r="1048576">{cell("乙")}</row>'.replace("<c ", f"<{prefix}c ")
    assert refused(written(tmp_path, archive(parts(data)))).facts["detail"] == "工作表的范围异常"


def test_a_sheet_under_another_name_is_refused_before_it_is_read(tmp_path: Path) -> None:
    content = parts(f'<row r="1048576">{cell("乙", "XFD1048576")}</row>', "media/picture.png")
    assert refused(written(tmp_path, archive(content))).facts["detail"] == "部件的类型异常"


def test_a_sheet_in_another_encoding_is_refused(tmp_path: Path) -> None:
    content = parts("")
    sheet = content["xl/worksheets/sheet1.xml"].decode()
    content["xl/worksheets/sheet1.xml"] = sheet.encode("utf-16")
    assert refused(written(tmp_path, archive(content))).facts["detail"] == "部件的编码异常"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("xl/vbaProject.bin", "DB-INPUT-043"),
        ("xl/macrosheets/sheet1.xml", "DB-INPUT-043"),
        ("xl/externalLinks/externalLink1.xml", "DB-INPUT-044"),
        ("xl/workbook.bin", "DB-INPUT-007"),
        ("content.xml", "DB-INPUT-007"),
    ],
)
def test_macros_links_and_a_second_workbook_inside_are_refused(tmp_path: Path, part: str, code: str) -> None:
    content = parts("<row>" + cell("甲") + "</row>") | {part: b"<x/>"}
    assert refused(written(tmp_path, archive(content))).code == code


def test_a_workbook_that_says_it_has_macros_is_refused_without_any(tmp_path: Path) -> None:
    content = parts("<row>" + cell("甲") + "</row>")
    types = content["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    assert (
        refused(written(tmp_path, archive(content | {"[Content_Types].xml": types}))).code == "DB-INPUT-043"
    )


def test_a_password_is_said(tmp_path: Path) -> None:
    zipped = bytearray(archive(parts("")))
    position = -1
    while (position := zipped.find(b"PK\x01\x02", position + 1)) >= 0:
        flags = struct.unpack_from("<H", zipped, position + 8)[0]
        struct.pack_into("<H", zipped, position + 8, flags | 1)
    assert refused(written(tmp_path, bytes(zipped))).code == "DB-INPUT-046"
    encrypted = compound(b"", "EncryptedPackage")
    assert refused(written(tmp_path, encrypted)).code == "DB-INPUT-046"
    macros = compound(b"", "_VBA_PROJECT")
    assert refused(written(tmp_path, macros, "a.xls")).code == "DB-INPUT-043"


def test_the_quick_look_at_places_sees_what_the_slow_one_sees(tmp_path: Path) -> None:
    """A plain sheet is measured by counting; one far cell in it, and every cell is looked at."""
    near = "".join(f'<row r="{n}">{cell("甲", f"A{n}")}{cell("乙", f"B{n}")}</row>' for n in range(1, 400))
    near = near.replace("'", '"')
    assert len(list(open_table(written(tmp_path, archive(parts(near)))).sheets[0].rows())) == 399
    far = near + f'<row r="400">{cell("丙", "A400")}{cell("丁", "XFD1048576")}</row>'.replace("'", '"')
    for data in (far, far.replace('<row r="400">', "<row>")):
        assert refused(written(tmp_path, archive(parts(data)))).facts["detail"] == "工作表的范围异常"


def test_hidden_sheets_are_left_alone(tmp_path: Path) -> None:
    import openpyxl

    path = save_xlsx(tmp_path / "a.xlsx", [("企业名称",)], [("旧名录",)])
    book = openpyxl.load_workbook(path)
    book.worksheets[1].sheet_state = "hidden"
    book.save(path)
    assert [sheet.name for sheet in open_table(path).sheets] == [book.sheetnames[0]]


def test_a_formula_is_read_by_what_it_showed_last(tmp_path: Path) -> None:
    data = '<row r="1"><c r="A1" t="str"><f>"甲"&amp;"厂"</f><v>甲厂</v></c></row>'
    rows = list(open_table(written(tmp_path, archive(parts(data)))).sheets[0].rows())
    assert rows == [(1, ["甲厂"])]


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "loop.csv"
    path.symlink_to(path)
    assert refused(path).code == "DB-INPUT-008"


def test_rows_handed_on_as_they_are_have_the_profiles_own_header(tmp_path: Path, hebei: Profile) -> None:
    """What `run --entities` feeds to the mock: title rows, other names and .xls are settled, dirt is kept."""
    rows = [("清河县名录",), ("单位名称", "社会信用代码", "备注"), ("甲", 9.113e17, "x"), (), ("乙", A, 3.0)]
    for path in (save_xlsx(tmp_path / "a.xlsx", rows), written(tmp_path, xls(rows), "a.xls")):
        assert list(entity_table(path, hebei)) == [
            ["企业名称", "统一社会信用代码", "备注"],
            ["甲", "9.113e+17", "x"],
            ["乙", A, "3"],
        ]
