/** How long what runs will still take, by how fast it has gone so far. */

/** How far a job is, from 0 to its total of pictures or frames. @param {import("./store.js").Job} job */
export function donePart(job) {
  const { step = 0, steps = 0, done, indices = [0] } = job.progress ?? {};
  if (done !== undefined) return done;
  return Math.min(job.done + (steps ? (step / steps) * indices.length : 0), job.total);
}

/** Seconds that are left, null where that cannot be said yet. @param {import("./store.js").Job} job @param {number} [now] */
export function secondsLeft(job, now = Date.now() / 1000) {
  if (job.progress?.seconds_left != null) return job.progress.seconds_left;
  const begun = job.begun ?? job.started;
  const done = donePart(job) - (job.doneBefore ?? 0);
  if (!begun || done <= 0.02) return null;
  return Math.max(((now - begun) / done) * (job.total - donePart(job)), 0);
}
