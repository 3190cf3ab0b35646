-- Workers plan without hash joins, which their other statements are better off without. This function joins the
-- ends of a commit with themselves: without a hash each end looks through all of them, and 500 took 240 ms in
-- place of 20.
ALTER FUNCTION note_last_ends() SET enable_hashjoin = on;
