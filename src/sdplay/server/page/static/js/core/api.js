/** The service's API, as thin as can be: JSON in, JSON out, and one kind of error. */

/** @typedef {{code: string, field: string | null, value: string | null, message: string, hint: string}} Problem */

const ROOT = "/api/v1";

/** Why the service refused something: at which field, why, and what to do instead. */
export class ApiError extends Error {
  /** @param {number} status @param {Partial<Problem> & {problems?: Problem[] | null}} told */
  constructor(status, told) {
    super(told.message || `HTTP ${status}`);
    this.status = status;
    this.code = told.code || "unknown";
    this.field = told.field ?? null;
    this.value = told.value ?? null;
    this.hint = told.hint || "";
    /** @type {Problem[]} */
    this.problems = told.problems?.length ? told.problems : [this.asProblem()];
  }

  /** @returns {Problem} */
  asProblem() {
    return { code: this.code, field: this.field, value: this.value, message: this.message, hint: this.hint };
  }

  /** The service cannot be reached at all. */
  get unreachable() {
    return this.status === 0;
  }
}

/** @param {string} path @returns {string} */
export function address(path) {
  return path.startsWith("/") && path.startsWith(ROOT) ? path : `${ROOT}/${path.replace(/^\//, "")}`;
}

/**
 * @param {string} method @param {string} path
 * @param {{body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} what the JSON of the answer says, null where there is none
 */
async function ask(method, path, options = {}) {
  let answer;
  try {
    answer = await fetch(address(path), { method, ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, { code: "unreachable", message: String(error) });
  }
  const json = answer.status !== 204 && (answer.headers.get("content-type") || "").includes("json");
  const told = json ? await answer.json() : null;
  if (answer.ok) return told;
  throw new ApiError(answer.status, told?.error ?? { message: answer.statusText });
}

/** @param {string} method */
function withBody(method) {
  /** @param {string} path @param {any} [body] @param {{signal?: AbortSignal, key?: string}} [options] @returns {Promise<any>} */
  return (path, body, options = {}) => {
    /** @type {Record<string, string>} */
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (options.key) headers["Idempotency-Key"] = options.key;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return ask(method, path, { body: text, headers, signal: options.signal });
  };
}

/** Paths are those below /api/v1, with or without it. Everything throws `ApiError`. */
export const api = {
  /** @param {string} path @param {{signal?: AbortSignal}} [options] @returns {Promise<any>} */
  get: (path, options) => ask("GET", path, options),
  post: withBody("POST"),
  put: withBody("PUT"),
  patch: withBody("PATCH"),
  /** @param {string} path @returns {Promise<any>} */
  delete: (path) => ask("DELETE", path),
  /**
   * Send a picture, film or sound; its `id` names it in requests.
   * @param {Blob} blob @returns {Promise<import("../api-types.d.ts").UploadAnswer>}
   */
  upload: (blob) => {
    const form = new FormData();
    form.append("file", blob, "file");
    return ask("POST", "uploads", { body: form });
  },
  /**
   * Hand in a job: `{mode, prompt, …}`. It is on the disk when this is done.
   * @param {Record<string, any>} request @param {{key?: string}} [options]
   * @returns {Promise<import("../api-types.d.ts").JobAnswer>}
   */
  draw: (request, options) => withBody("POST")("jobs", request, options),
  /**
   * What a job would be. @param {Record<string, any>} request @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<import("../api-types.d.ts").Plan>}
   */
  plan: (request, options) => withBody("POST")("plan", request, options),
  /** What the model reads of the prompts. @param {Record<string, any>} request @param {{signal?: AbortSignal}} [options] */
  explain: (request, options) => withBody("POST")("explain", request, options),
};
