/* Every agent's nodes and work functions, for the graph and the table of work (graph.c). */
#pragma once

#include <bldr/graph.h>

/* supervisor/ */
extern const struct bldr_node supervisor_node, supervisor_ask_node, supervisor_pin_node;
extern const char *const supervisor_targets[];
void supervisor_route(const struct bldr_view *v, struct bldr_route *r);
int supervisor_pin_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);

/* analyst/ */
extern const struct bldr_node analyst_discover_node, analyst_profile_table_node,
	analyst_relate_node, analyst_describe_node, analyst_recall_node, analyst_design_node,
	analyst_map_node;
extern const char *const analyst_discover_targets[];
void analyst_discover_route(const struct bldr_view *v, struct bldr_route *r);
int analyst_discover_work(const struct bldr_work *w, struct bldr_value **ret,
			  struct bldr_error *err);
int analyst_profile_table_work(const struct bldr_work *w, struct bldr_value **ret,
			       struct bldr_error *err);
int analyst_relate_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
int analyst_describe_work(const struct bldr_work *w, struct bldr_value **ret,
			  struct bldr_error *err);
int analyst_design_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
int analyst_map_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);

/* remote/ */
int remote_batch_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);

/* developer/ */
extern const struct bldr_node developer_recall_node, developer_emit_node, developer_load_node,
	developer_place_node, developer_stage_node, developer_upload_node, developer_job_node,
	developer_run_node;
extern const char *const developer_run_targets[];
void developer_run_route(const struct bldr_view *v, struct bldr_route *r);
int developer_stage_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
int developer_emit_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
int developer_load_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);

/* tester/ */
extern const struct bldr_node tester_contract_node, tester_reload_node, tester_questions_node,
	tester_ask_node, tester_rerun_node, tester_check_node;
extern const char *const tester_start_targets[],
	*const tester_questions_targets[], *const tester_ask_targets[], *const tester_rerun_targets[];
void tester_start_route(const struct bldr_view *v, struct bldr_route *r);
void tester_questions_route(const struct bldr_view *v, struct bldr_route *r);
void tester_ask_route(const struct bldr_view *v, struct bldr_route *r);
void tester_rerun_route(const struct bldr_view *v, struct bldr_route *r);
int tester_questions_work(const struct bldr_work *w, struct bldr_value **ret,
			  struct bldr_error *err);
int tester_read_answers_work(const struct bldr_work *w, struct bldr_value **ret,
			     struct bldr_error *err);
int tester_contract_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
int tester_reload_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);
int tester_check_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err);

/* evaluator/ */
extern const struct bldr_node evaluator_evaluate_node, evaluator_learn_node, evaluator_report_node;
int evaluator_evaluate_work(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err);
int evaluator_lessons_work(const struct bldr_work *w, struct bldr_value **ret,
			   struct bldr_error *err);
int evaluator_report_work(const struct bldr_work *w, struct bldr_value **ret,
			  struct bldr_error *err);
