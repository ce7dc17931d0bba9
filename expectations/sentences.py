"""What a department is told of a generated rule, in both languages; `{title}` is the column's title, other names are values of
the rule. (Rules between columns bring their sentences in the spec.)"""

from __future__ import annotations

from ingest.spec import Texts

SENTENCES: dict[str, Texts] = {
    "delivery.columns": Texts(zh="送达表应有约定的全部栏目", en="The delivery has the agreed columns"),
    "delivery.rows": Texts(zh="数据行数与交付清单一致", en="The number of rows is the manifest's"),
    "delivery.totals": Texts(zh="控制合计与交付清单一致", en="The control totals are the manifest's"),
    "delivery.key_repeated": Texts(
        zh="同一文件中主键（{key_zh}）不重复；重复时以后一行为准",
        en="No key ({key_en}) stands twice in a file; where one does, the later row counts",
    ),
    "delivery.keys_kept": Texts(
        zh="全量报送保留此前已报送的主键（{key_zh}），消失的不超过2%",
        en="A full delivery keeps the keys ({key_en}) that stood before; at most 2 % are gone",
    ),
    "delivery.no_gap": Texts(
        zh="上次报送以来应报送的日期均已报送", en="No promised day since the delivery before is without a delivery"
    ),
    "delivery.usual_rows": Texts(
        zh="行数在以往报送的通常范围内", en="The number of rows is within what is usual for this source"
    ),
    "delivery.fresh": Texts(
        zh="最近的业务发生日期距业务日期的天数在通常范围内",
        en="The newest date in the delivery is as near to the business date as is usual",
    ),
    "usual_blanks": Texts(zh="{title}为空的比例在通常范围内", en="{title}: as often blank as is usual"),
    "usual_codes": Texts(zh="{title}各代码所占比例在通常范围内", en="{title}: each code's share of the rows is as usual"),
    "usual_sum": Texts(zh="{title}合计在通常范围内", en="{title}: the sum is within what is usual"),
    "row.field_count": Texts(zh="每行栏目数与约定一致", en="Each row has the agreed number of fields"),
    "row.nul": Texts(zh="内容中没有空字符（NUL）", en="No cell holds a NUL character"),
    "row.too_long": Texts(zh="每栏内容不超过4000个字符", en="No cell is longer than 4,000 characters"),
    "row.no_result": Texts(
        zh="工作簿中的公式均有计算结果（不是错误值，也不是从未计算）",
        en="Every formula of the workbook has its result: no cell shows an error or was never calculated",
    ),
    "digits_lost": Texts(
        zh="{title}的各位数字齐全：电子表格曾把它当作数字，只保留了前15位（如5.20381E+14）；请将该栏设为文本格式后重新报送",
        en="{title}: all its digits are there; a spreadsheet took it for a number and kept the first 15 of them "
        "(such as 5.20381E+14): format the column as text and deliver it again",
    ),
    "required": Texts(zh="{title}必须填写", en="{title}: must be given"),
    "too_long": Texts(zh="{title}不超过{longest}个字符", en="{title}: at most {longest} characters"),
    "code": Texts(zh="{title}应为约定代码之一：{codes}", en="{title}: one of the agreed codes {codes}"),
    "codes": Texts(
        zh="{title}应为约定代码，多个代码用分号分隔：{codes}",
        en="{title}: agreed codes, several joined by a semicolon: {codes}",
    ),
    "date": Texts(
        zh="{title}应为真实日期，格式为YYYYMMDD或YYYY-MM-DD",
        en="{title}: a real date written YYYYMMDD or YYYY-MM-DD",
    ),
    "future": Texts(zh="{title}不得晚于业务日期", en="{title}: not after the business date"),
    "decimal": Texts(
        zh="{title}应为数字，最多{precision}位，小数不超过{scale}位",
        en="{title}: a number of at most {precision} digits, at most {scale} of them decimals",
    ),
    "integer": Texts(zh="{title}应为整数，不超过2147483647", en="{title}: a whole number of at most 2,147,483,647"),
    "canonical": Texts(
        zh="{title}是主键的一部分，不带前导零和正号",
        en="{title}: without leading zeros and plus sign, as it is part of the key",
    ),
    "id": Texts(
        zh="{title}应为15位或18位居民身份证号的写法",
        en="{title}: written as a resident id of 15 or 18 characters",
    ),
    "id_check": Texts(
        zh="{title}的校验码和出生日期应正确；不正确时性别和出生年份记为不详",
        en="{title}: check digit and date of birth are right; otherwise sex and year of birth count as unknown",
    ),
    "taxpayer_id": Texts(
        zh="{title}以L开头时，其后应为15位或18位居民身份证号",
        en="{title}: what begins with L goes on with a resident id of 15 or 18 characters",
    ),
    "taxpayer_id_check": Texts(
        zh="{title}中居民身份证号的校验码和出生日期应正确；不正确时性别和出生年份记为不详",
        en="{title}: a resident id in it has the right check digit and date of birth; otherwise sex and year of birth count as "
        "unknown",
    ),
    "holds_id": Texts(
        zh="{title}不应是居民身份证号；如是，仓库中以假名代替",
        en="{title}: no resident id; where it is one, its pseudonym stands in the warehouse",
    ),
    "regno": Texts(
        zh="{title}应为15位或13位数字，或含NA的合作社号码",
        en="{title}: 15 or 13 digits, or a cooperative's number with NA",
    ),
    "check_digit": Texts(zh="{title}的校验位应正确", en="{title}: the check digit is right"),
    "uscc": Texts(zh="{title}应为18位且校验位正确", en="{title}: 18 characters with a right check digit"),
    "geography": Texts(
        zh="{title}应为业务日期当日有效的区划代码",
        en="{title}: a code of the geography in force on the business date",
    ),
    "industry": Texts(
        zh="{title}应为4位数字，其大类存在于所填的行业标准中",
        en="{title}: four digits whose division exists in the industry standard named beside it",
    ),
    "min": Texts(zh="{title}不小于{bound}", en="{title}: not below {bound}"),
    "max": Texts(zh="{title}不大于{bound}", en="{title}: not above {bound}"),
}
