/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evidence of a verdict. */
#include "core/weigh.h"
#include "ctl/report_json.h"

#define SENTENCE_MAX 256

static json_t *make_evidence(enum evidence_kind kind, const struct evidence *e)
{
	char sentence[SENTENCE_MAX];

	evidence_sentence(kind, e, sentence, sizeof(sentence));
	return json_pack(
		"{s:s, s:s, s:b, s:o, s:s, s:o, s:o}", "name", evidence_name(kind),
		"family", evidence_family_name(evidence_family(kind)), "measured",
		e->is_measured, "value", report_real(e->is_measured ? e->value : 0),
		"unit", evidence_unit(kind), "weight",
		report_real(e->is_measured ? e->weight : 0), "sentence",
		report_text(sentence));
}

json_t *report_evidence(const struct app *app)
{
	json_t *list = json_array();

	for (enum evidence_kind k = 0; list && k < EVIDENCE_COUNT; k++) {
		if (json_array_append_new(list, make_evidence(k, &app->evidence[k])) <
		    0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *report_families(const struct app *app)
{
	unsigned int bits = weigh_family_bits(app->evidence);
	json_t *list = json_array();

	for (enum evidence_family f = 0; list && f < EVIDENCE_FAMILY_COUNT; f++) {
		json_t *item;

		if (!(bits & 1u << f))
			continue;
		item = json_pack("{s:s, s:s}", "name", evidence_family_name(f),
				 "meaning", evidence_family_meaning(f));
		if (json_array_append_new(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
