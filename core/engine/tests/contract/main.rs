//! What every database must do: each case is a test of its own on each of them, such as
//! `sqlite::paused::runs_of_a_paused_job_wait_until_it_is_resumed`.
//!
//! A case is an async function of a module that begins with the jobs of [`chain::config`] in an empty
//! database. It is listed below, once.

// All of it is tests; clippy only knows those that carry the attribute.
#![allow(clippy::unwrap_used)]

mod actions;
mod asked_together;
mod cancel_and_retry;
mod cancel_trace;
mod cascades;
mod chain;
mod claims;
mod clock;
mod conditions;
mod config_history;
mod databases;
mod decisions;
mod edge_runs;
mod edit;
mod ends;
mod events;
mod failures;
mod fairness;
mod hooks;
mod in_flight;
mod in_use;
mod job_last;
mod job_queue;
mod join_keys;
mod joins;
mod leases;
mod left_jobs;
mod limits;
mod logs;
mod lost_runs;
mod many_jobs;
mod next_runs;
mod one_per_key;
mod outputs;
mod paused;
mod problems;
mod pruning;
mod published;
mod queues;
mod rates_by_key;
mod requests;
mod run_again;
mod runs;
mod runs_per_key;
mod schedules;
mod shared_limits;
mod stats;
mod steps;
mod tags;
mod texts;
mod traces;
mod unreadable_args;
mod workers;

macro_rules! cases {
    ($($module:ident: [$($case:ident),+ $(,)?]),+ $(,)?) => {
        mod sqlite {
            $(mod $module {$(
                #[tokio::test]
                async fn $case() {
                    let database = crate::databases::sqlite().await;
                    crate::$module::$case(&database.engine).await;
                }
            )+})+
        }

        mod postgres {
            $(mod $module {$(
                #[tokio::test]
                async fn $case() {
                    let database = crate::databases::postgres().await;
                    crate::$module::$case(&database.engine).await;
                }
            )+})+
        }
    };
}

cases! {
    actions: [an_action_and_its_audit_entry_are_both_there_or_neither],
    asked_together: [
        what_may_begin_now_does_not_wait_for_what_is_for_later,
        of_those_for_later_the_soonest_is_first,
    ],
    cancel_and_retry: [
        a_waiting_run_is_cancelled_at_once_and_a_running_one_is_asked,
        a_failed_run_is_retried_by_hand_unless_the_job_is_busy,
        a_retry_is_refused_for_one_reason_in_one_order,
    ],
    cancel_trace: [
        what_waits_is_cancelled_what_runs_is_asked_and_nothing_follows,
        what_a_run_leads_to_that_succeeds_although_it_was_asked_to_stop_is_cancelled_too,
        what_another_trace_has_triggered_too_stays_due,
        nothing_is_left_of_a_cascade_that_grows_while_it_is_cancelled,
    ],
    cascades: [
        success_triggers_downstream_of_its_own_project,
        a_due_time_in_the_past_is_left_alone,
        several_triggers_make_one_run_that_names_them_all,
        a_trigger_while_running_makes_exactly_one_more_run,
        paused_and_missing_downstream_are_skipped_and_say_so,
    ],
    claims: [
        a_new_root_timer_is_due_at_once_and_others_wait,
        a_worker_leaves_to_others_what_it_has_no_plugin_for,
        a_run_is_claimed_once,
        a_released_run_keeps_its_attempt,
        a_claim_fires_what_is_due_however_little_it_takes,
    ],
    decisions: [
        a_decision_is_kept_with_its_run_and_removed_with_it,
        a_plain_edge_leaves_a_decision_only_where_it_was_not_taken,
        a_failure_triggers_what_follows_it,
        a_run_that_ends_again_has_the_decisions_of_its_latest_end,
        the_latest_run_that_was_not_cancelled_says_whether_the_job_had_failed,
    ],
    conditions: [
        runs_are_found_by_what_is_in_their_args_and_output,
        args_that_a_database_cannot_look_into_hide_no_others,
    ],
    config_history: [
        each_config_that_comes_into_force_is_kept_once,
        the_newest_five_hundred_configs_are_kept,
    ],
    edge_runs: [
        an_end_makes_the_runs_of_its_edges_or_none,
        a_failure_makes_the_runs_of_its_edges,
        an_edge_to_a_job_that_is_not_scheduled_makes_no_run_and_says_so,
        runs_of_edges_wait_while_their_job_is_paused,
        an_edge_that_waits_makes_a_scheduled_run,
        debounced_triggers_of_a_key_make_one_run_with_the_latest_args,
        debounced_triggers_of_a_schedule_make_one_run_when_they_pause,
        a_merge_for_now_does_not_join_a_run_that_begins_later,
        the_latest_run_of_a_key_says_whether_it_had_failed,
        later_runs_of_a_key_go_in_the_order_of_their_times,
        runs_of_the_schedule_s_key_count_with_and_without_args,
    ],
    edit: [
        a_run_that_waits_has_other_args_and_begins_at_another_time,
        a_changed_run_takes_its_place_among_those_of_its_key,
        the_next_attempt_is_made_at_once_or_put_off,
        what_cannot_be_changed_is_refused_and_stays_as_it_is,
        a_debounced_run_that_is_started_leaves_the_next_trigger_to_another,
        a_run_of_the_schedule_s_key_that_is_put_off_lets_the_schedule_run,
        many_changes_of_one_key_at_the_same_time_lose_no_run,
    ],
    ends: [
        failure_retries_then_fails_with_an_event_and_no_cascade,
        staged_writes_commit_with_the_run_or_not_at_all,
        many_successes_are_stored_in_one_commit_and_lost_leases_left_out,
        a_batch_of_successes_shows_times_in_milliseconds,
        a_snooze_waits_and_costs_no_attempt,
        each_attempt_that_failed_is_kept_with_its_error_and_worker,
    ],
    events: [events_replay_in_order],
    failures: [
        failures_of_a_commit_are_kept_each_with_its_run,
        attempts_that_fail_together_wait_each_for_its_pause,
        commits_with_the_same_errors_do_not_deadlock,
    ],
    fairness: [
        a_claim_serves_projects_in_turn_however_many_there_are,
        a_project_with_much_to_do_does_not_starve_another,
        nor_does_it_where_there_are_limits,
        schedules_have_their_turn_while_callers_ask,
    ],
    hooks: [
        a_delivery_and_its_run_are_both_there_or_neither,
        of_one_delivery_that_comes_many_times_a_single_run_is_made,
        a_delivery_without_a_run_is_written_anew_when_it_comes_again,
        deliveries_are_seen_in_their_project_page_by_page,
        deliveries_are_removed_when_they_are_old,
    ],
    in_use: [what_a_run_uses_is_known_of_its_attempt_alone],
    in_flight: [
        what_a_lost_worker_has_not_stored_runs_again_and_the_rest_does_not,
        a_run_that_ends_its_worker_uses_up_no_attempt_of_five_hundred_others,
        sixteen_claimers_share_the_limit_of_a_job,
        one_run_among_many_is_cancelled_and_tells_how_far_it_is,
        a_retry_changes_no_event_that_was_told,
        a_stream_goes_on_within_the_events_of_a_commit,
    ],
    job_last: [
        the_last_end_of_each_job_is_known,
        a_run_that_is_tried_again_is_not_the_last_that_ended,
        nothing_is_known_of_runs_that_were_removed,
        jobs_are_counted_by_how_they_stand,
    ],
    job_queue: [each_part_of_a_queue_is_counted_and_shown_in_its_order],
    join_keys: [a_join_that_does_not_fire_puts_no_run_behind_it],
    joins: [
        a_join_fires_with_the_last_of_the_jobs_that_it_waits_for,
        pairs_that_end_at_once_fire_one_join_each,
        what_no_edge_leads_to_is_not_waited_for,
        a_run_of_a_key_that_serves_two_traces_completes_both_joins,
        a_cascade_that_is_cancelled_fires_no_join,
        a_retry_by_hand_completes_a_join_that_has_not_fired,
        a_run_that_is_marked_as_done_completes_its_join,
        a_failure_upstream_is_no_reason_to_fire,
        a_join_that_needs_ends_alone_fires_after_failures_and_cancels,
        the_end_of_a_lost_run_is_counted,
        a_run_of_several_traces_counts_in_each,
        a_join_whose_time_is_over_is_skipped_or_runs_with_what_there_is,
        by_latest_each_job_succeeds_once_more,
        a_join_waits_for_the_job_of_another,
        runs_that_code_makes_are_waited_for,
        a_condition_or_a_paused_job_is_told_as_the_reason,
        an_end_that_joins_have_overtaken_is_stored_again,
        children_that_are_retried_and_lost_fire_one_join,
    ],
    left_jobs: [
        timers_are_left_until_they_could_have_begun_for_so_long,
        requests_are_left_until_they_could_have_begun_for_so_long,
        so_are_those_that_have_limits,
    ],
    leases: [
        an_expired_lease_is_reclaimed_and_the_zombie_is_fenced_off,
        a_young_run_of_a_lost_worker_is_to_be_begun_alone_and_uses_up_no_attempt,
        an_expired_last_attempt_fails,
        a_claim_gives_up_a_hundred_expired_leases_at_most,
        a_worker_whose_renewal_was_lost_is_told_and_refused,
        a_renewal_that_is_broken_off_takes_nothing_away,
    ],
    limits: [limits_hold_for_job_types_and_projects],
    logs: [
        logs_and_progress_are_kept,
        a_log_is_read_on_from_any_line,
        a_log_is_read_in_pages_and_searched,
    ],
    lost_runs: [
        what_its_owner_does_not_list_comes_back_although_it_lives,
        an_owner_does_not_give_up_its_own_leases,
        an_end_that_could_not_be_stored_comes_back_from_a_busy_worker,
        an_end_that_is_not_stored_yet_keeps_its_lease,
        a_claim_whose_answer_did_not_arrive_comes_back,
        a_claim_that_is_broken_off_loses_no_run,
    ],
    many_jobs: [
        many_jobs_are_run_once_each_however_they_stand,
        many_jobs_are_paused_and_resumed_in_one_project,
        schedules_are_listed_in_pages,
    ],
    next_runs: [
        what_a_success_leads_to_begins_with_its_end,
        what_finds_no_room_or_no_plugin_is_due,
        what_has_a_run_or_a_limit_is_left_to_claims,
        a_timer_goes_on_behind_what_has_begun,
    ],
    one_per_key: [whatever_happens_at_once_no_run_stays_behind_none],
    outputs: [an_output_is_kept_with_its_run_and_removed_with_it],
    paused: [
        a_pause_with_an_end_is_over_at_that_time,
        runs_of_a_paused_job_wait_until_it_is_resumed,
        runs_of_a_paused_job_wait_where_there_are_limits,
        runs_of_a_disabled_or_removed_job_wait_until_it_is_back,
        a_job_that_was_off_waits_for_its_next_scheduled_time,
        what_was_triggered_before_a_pause_runs_after_it,
    ],
    problems: [
        failures_of_one_kind_are_one_problem_over_projects,
        a_job_that_succeeds_again_fails_no_more_and_a_failure_reopens,
        a_muted_problem_is_not_among_what_is_open,
    ],
    pruning: [what_is_old_is_pruned_in_steps_and_the_end_of_the_outbox_stays],
    published: [all_that_a_run_writes_may_be_published],
    queues: [
        requests_with_args_make_a_run_each,
        of_a_key_one_run_has_begun_and_the_next_follows_its_end,
        a_duplicate_is_merged_queued_replaced_or_rejected,
        the_highest_priority_of_a_project_goes_first,
        a_run_waits_for_its_time_and_keeps_nobody_waiting,
        a_request_that_is_sent_again_makes_no_second_run,
        many_requests_are_all_made_or_none,
        a_long_queue_does_not_keep_another_job_waiting,
        limits_count_both_kinds_of_runs,
        a_lost_lease_gives_the_run_back_with_its_args,
        a_run_that_is_tried_again_waits_for_its_key,
        a_run_that_was_cancelled_behind_its_key_and_is_tried_again_begins,
        a_run_of_a_schedule_is_not_tried_again_beside_one_with_args,
        a_run_with_args_that_is_tried_again_waits_for_that_of_the_schedule,
        the_run_of_a_schedule_and_one_with_args_take_turns,
        runs_of_both_kinds_are_listed_and_pruned_together,
    ],
    rates_by_key: [
        of_a_key_so_many_runs_begin_in_its_time,
        each_attempt_counts_and_one_that_waits_for_its_next_is_held_too,
        of_a_schedules_key_and_without_one_no_rate_counts,
        a_held_run_keeps_its_place_before_later_requests,
        a_held_run_serves_a_request_for_the_same_and_is_replaced,
        a_held_run_that_is_told_to_begin_is_held_again_in_its_place,
        a_key_may_have_other_numbers_than_its_job,
        a_rate_that_changes_holds_at_once,
        what_another_limit_keeps_waiting_counts_nothing,
        many_keys_at_their_rates_keep_no_other_waiting,
        beside_a_limit_that_is_far_away_a_rate_holds_too,
        in_no_time_more_begin_than_may_however_many_workers_claim,
        what_counts_no_more_of_keys_is_removed,
    ],
    requests: [
        a_request_reaches_the_run,
        a_request_joins_the_run_that_waits_and_is_told_which,
        requests_at_the_same_time_make_one_run_that_counts_them,
        requests_while_a_run_is_under_way_get_exactly_one_more,
        a_request_loses_no_trigger_that_waits,
        a_request_starts_the_run_that_triggers_wait_for,
        a_request_leaves_the_cause_of_a_run_that_waits_as_it_is,
    ],
    run_again: [
        a_run_that_is_marked_as_done_is_completed_and_its_edges_are_taken,
        marking_as_done_and_its_audit_entry_are_both_there_or_neither,
        a_cancelled_run_with_args_is_marked_as_done,
        a_rerun_has_the_args_of_the_run_and_a_trace_of_its_own,
        a_rerun_of_a_schedule_s_run_is_as_a_request_to_run_it_now,
        the_preview_of_an_edge_refuses_a_disabled_job,
    ],
    runs: [
        runs_are_listed_newest_first_and_filtered,
        filters_and_orders_fit_together,
        a_page_and_its_total_are_of_one_moment,
        text_is_looked_for_as_it_is,
        a_trace_is_a_tree_of_its_project,
        trends_are_the_latest_ended_runs,
        of_runs_that_ended_together_the_younger_is_the_last,
    ],
    schedules: [
        a_changed_schedule_counts_from_now,
        a_run_of_a_timer_knows_the_time_that_it_was_due,
        what_the_file_no_longer_names_stops_running,
    ],
    runs_per_key: [
        so_many_runs_of_a_key_go_at_a_time_and_the_next_follows_each_end,
        requests_and_ends_at_once_pass_no_limit_and_leave_nothing_behind,
        a_higher_number_holds_at_once_and_a_lower_one_once_others_have_ended,
        a_duplicate_is_of_what_waits_however_many_run,
        what_waits_for_its_time_leaves_its_place_to_what_may_begin,
        a_run_that_is_tried_again_takes_a_free_place_or_waits_for_one,
        of_a_schedules_key_one_run_goes_at_a_time,
        an_arg_gives_runs_their_key_that_are_asked_for_without_one,
    ],
    shared_limits: [
        jobs_that_share_a_limit_run_so_many_together,
        a_rate_lets_so_many_runs_begin_in_its_time,
        what_begins_ahead_of_the_clock_counts_no_more,
        a_shared_limit_holds_for_workers_that_claim_at_once,
        a_job_at_a_shared_limit_keeps_no_other_waiting,
        a_run_needs_room_under_each_of_its_limits,
        runs_that_come_back_leave_their_places,
        limits_are_written_where_they_have_changed,
    ],
    stats: [
        parts_add_up_and_one_that_is_written_again_counts_once,
        parts_are_replaced_by_one_without_a_loss_also_twice,
        a_minute_that_is_over_is_one_row_of_a_process_and_job,
        rows_of_an_older_version_count_too,
        figures_are_those_of_projects_that_may_be_seen,
        who_may_see_all_is_told_what_all_projects_add_up_to,
        ends_that_no_worker_saw_are_counted,
        what_was_counted_is_written_once_and_adds_up_over_writes,
        what_waits_is_counted_by_one_process_a_minute,
        figures_of_long_ago_become_one_an_hour_and_then_go,
        what_becomes_one_an_hour_is_added_to_what_is_there,
        figures_are_also_those_of_a_worker_for_two_days,
    ],
    tags: [
        runs_are_found_by_their_tags_and_those_of_their_jobs,
        a_run_that_serves_a_request_too_has_its_tags_as_far_as_there_is_room,
        tags_are_suggested_of_what_may_be_seen_and_go_with_their_runs,
    ],
    texts: [
        an_error_and_its_log_line_are_kept_without_nul,
        summaries_are_kept_without_nul,
        log_lines_and_progress_are_kept_without_nul,
        a_job_with_nul_in_its_name_is_not_scheduled,
        an_audit_entry_is_kept_without_nul,
        a_comment_on_a_config_is_kept_without_nul,
        runs_are_looked_for_without_nul,
    ],
    traces: [
        many_runs_of_one_cause_are_a_group_with_counts,
        few_runs_of_one_cause_are_no_group,
        the_runs_of_a_group_are_read_in_pages,
    ],
    unreadable_args: [
        they_keep_no_other_run_from_workers_and_lists,
        they_are_the_same_as_no_others,
    ],
    workers: [
        a_worker_tells_of_itself_until_it_ends,
        a_worker_of_an_older_version_is_known_by_its_runs,
        a_worker_that_ended_without_a_word_is_forgotten_after_an_hour,
        a_drain_is_heard_once_and_undone_with_an_entry_each,
    ],
}
