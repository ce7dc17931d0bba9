"""Every kind of bad file that the product is held to, and the cases that hold it: `test_bad_deliveries` plays them all."""

from __future__ import annotations

KINDS: dict[str, tuple[str, ...]] = {
    "wrong sha256": ("wrong_sha256",),
    "wrong row count": ("wrong_row_count", "truncated_before_the_manifest_was_made"),
    "wrong total": ("wrong_total", "total_of_a_text", "trailer_with_another_sum"),
    "truncated": (
        "truncated_on_the_way",
        "truncated_text_without_its_trailer",
        "manifest_cut_short",
        "workbook_cut_short",
        "table_cut_short",
    ),
    "undecodable byte": (
        "undecodable_byte_in_gb18030",
        "undecodable_byte_in_a_text",
        "undecodable_byte_in_a_table",
        "gb18030_in_a_file_agreed_as_utf8",
        "utf8_mark_in_a_file_agreed_as_gb18030",
    ),
    "missing column": ("missing_column", "missing_column_in_a_workbook", "missing_column_in_a_table"),
    "extra column": ("extra_column", "extra_column_in_a_workbook", "extra_column_in_a_table"),
    "reordered columns": ("reordered_columns", "reordered_columns_in_a_workbook", "reordered_columns_in_a_table"),
    "renamed column": ("renamed_column",),
    "empty file": ("empty_file", "empty_text", "empty_workbook", "workbook_with_an_empty_sheet", "empty_table"),
    "header only": (
        "header_only",
        "header_only_where_a_full_one_must_say_something",
        "header_and_trailer_only",
        "header_only_in_a_workbook",
        "header_only_in_a_table",
    ),
    "duplicate key in one file": ("duplicate_key", "duplicate_key_in_a_text"),
    "same sequence with other bytes": ("the_next_one_is_other_bytes_under_this_name",),
    "manifest without data": ("manifest_without_data",),
    "data without manifest": ("data_without_manifest",),
    "future date": ("future_date",),
    "unknown source": ("unknown_source",),
    "symlink in a name": ("symbolic_link", "symbolic_link_as_manifest"),
    "`..` in a name": ("dots_in_a_name", "zip_whose_member_goes_elsewhere"),
    "zip bomb": ("zip_that_is_a_bomb", "workbook_that_is_a_bomb"),
    "2 GB field": ("one_field_of_64_megabytes", "a_quote_that_swallows_the_file"),  # and one of 2 GB among the long tests
    "NUL bytes": ("nul_bytes", "nul_bytes_in_a_text", "nul_character_in_a_workbook", "nul_byte_inside_a_field_of_a_table"),
    "formula text": ("formula_text", "formula_in_a_text", "formula_text_in_a_workbook", "formula_text_in_a_table"),
    "row with too many or few fields": (
        "too_few_and_too_many_fields",
        "too_few_and_too_many_fields_in_a_text",
        "a_cell_beyond_the_header_of_a_workbook",
    ),
    "DBF with a wrong header": (
        "table_of_another_kind",
        "table_whose_header_counts_more_records",
        "table_whose_header_counts_fewer_records",
        "table_whose_fields_do_not_add_up",
    ),
    "XLSX with a password": ("workbook_with_a_password",),
    "XLSX with macros": ("workbook_with_macros",),
}
