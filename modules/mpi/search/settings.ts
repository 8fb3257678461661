/** How the dialogue behaves; figures per day (UTC) unless they say otherwise. */
export type SearchSettings = {
  /** Every answer takes this long at least, ms: how much work it was does not show. */
  floor_ms: number;
  /** Searches and answers of one actor. */
  queries_of_actor: number;
  /** Of one organisation. */
  queries_of_client: number;
  /** Persons whom one actor may reach. */
  found_by_actor: number;
  /** Answers that fit nobody before the actor is locked. */
  wrong_answers: number;
  /** Different questions about one name before it counts as trying dates out. */
  sweep: number;
  /** Searches without a result, when they are nearly all of an actor's searches. */
  misses: number;
  /** Persons found in a month of whom the actor then neither reads nor registers anything. */
  unused: number;
  /** The same of all actors of an organisation. */
  unused_of_client: number;
  /** Locked actors of one organisation before all of it is. */
  locked_actors: number;
  /** How long a lock holds, hours. */
  lock_hours: number;
  /** A lock so many days after the end of another holds until an officer lifts it. */
  repeat_days: number;
};

export const default_search_settings: SearchSettings = {
  floor_ms: 40,
  queries_of_actor: 400,
  queries_of_client: 8_000,
  found_by_actor: 300,
  wrong_answers: 3,
  sweep: 6,
  misses: 60,
  unused: 60,
  unused_of_client: 90,
  locked_actors: 3,
  lock_hours: 24,
  repeat_days: 30,
};

/** Candidates that may still be told apart by questions; one more is too many. */
export const most_candidates = 4;
export const option_count = 5;
export const most_questions = 2;
/** How long a question or a handle may wait, ms. */
export const patience_ms = 600_000;
/** Of the searches that find nobody, those that get a question all the same: absence is not told for certain. */
export const ghost_share = 0.1;
/** Which part of an actor's searches must have failed before `misses` counts. */
export const missing_share = 0.8;
/** Which part of the persons found must have been left alone before `unused` counts, and over how many days. */
export const unused_share = 0.5;
export const unused_days = 30;
