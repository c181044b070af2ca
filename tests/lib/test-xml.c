/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-xml.c - lib/xml.c: nothing foreign becomes markup */
#include "lib/xml.h"

#include "tests/unit.h"

static void assert_escaped(const char *text, const char *expected)
{
	struct rt_buf buf = { 0 };

	rt_xml_escape(&buf, text);
	assert_string_equal(rt_buf_str(&buf), expected);
	rt_buf_finish(&buf);
}

TEST(markup_is_text)
{
	assert_escaped("<script>\"a\" & b</script>",
		       "&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;");
	assert_escaped("", "");
}

TEST(what_xml_has_no_character_for_becomes_a_question_mark)
{
	assert_escaped("a\x01" "b\x7f" "c\n\t", "a?b?c\n\t");
	assert_escaped("caf\xc3\xa9", "caf\xc3\xa9");
	assert_escaped("caf\xe9", "caf?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_text),
		cmocka_unit_test(what_xml_has_no_character_for_becomes_a_question_mark),
	};

	return RUN_TESTS(tests);
}
