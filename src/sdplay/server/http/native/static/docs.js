// @ts-check
// Writes the page from openapi.json. Everything is put in as text, nothing as markup.

const METHODS = ["get", "post", "delete"];
const MOST_SHOWN = 20000; // characters of an answer

/** @param {string} kind @param {string} [text] @param {Node[]} [inside] */
function element(kind, text = "", inside = []) {
  const made = document.createElement(kind);
  made.textContent = text;
  made.append(...inside);
  return made;
}

/** @param {any} schema @returns {string} */
function kindOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((/** @type {any} */ one) => JSON.stringify(one)).join(" | ");
  const several = schema.anyOf || schema.oneOf;
  if (several) return several.map(kindOf).join(" | ");
  if (schema.type === "array") return `list of ${kindOf(schema.items) || "anything"}`;
  return [schema.type].flat().join(" | ");
}

/** @param {any} schema */
function limitsOf(schema) {
  const parts = [schema, ...(schema.anyOf || [])];
  const words = { minimum: "≥", maximum: "≤", exclusiveMinimum: ">", exclusiveMaximum: "<", maxLength: "up to" };
  return Object.entries(words)
    .flatMap(([name, word]) => parts.filter((one) => one[name] !== undefined).map((one) => `${word} ${one[name]}`))
    .join(", ");
}

/** @param {[string, any, boolean, string][]} rows name, schema, required, description */
function table(rows) {
  const head = element("tr", "", ["Name", "Value", "Default", ""].map((word) => element("th", word)));
  const lines = rows.map(([name, schema, required, says]) =>
    element("tr", "", [
      element("td", "", [element("code", name)]),
      element("td", [kindOf(schema), limitsOf(schema)].filter(Boolean).join(", ")),
      element("td", required ? "needed" : schema.default === undefined ? "" : JSON.stringify(schema.default)),
      element("td", says || ""),
    ]),
  );
  return element("table", "", [head, ...lines]);
}

/** @param {any} api @param {any} schema @returns {any} */
function found(api, schema) {
  return schema && schema.$ref ? api.components.schemas[kindOf(schema)] : schema;
}

/** @param {any} api @param {any} schema @returns {Node[]} */
function fields(api, schema) {
  const whole = found(api, schema);
  if (!whole) return [];
  const parts = whole.oneOf || [];
  const own = Object.entries(whole.properties || {}).map(
    ([name, one]) => /** @type {[string, any, boolean, string]} */ ([name, one, (whole.required || []).includes(name), one.description]),
  );
  return [
    ...(own.length ? [table(own)] : []),
    ...parts.map((/** @type {any} */ part) => element("details", "", [element("summary", kindOf(part)), ...fields(api, part)])),
  ];
}

/** @param {string} path @param {string} method @param {any} body */
function tryIt(path, method, body) {
  const address = document.createElement("input");
  address.value = path;
  address.size = 50;
  address.setAttribute("aria-label", "Address");
  const text = document.createElement("textarea");
  text.value = body ? '{"prompt": "a red apple"}' : "";
  text.setAttribute("aria-label", "Body");
  const send = element("button", `Send ${method.toUpperCase()}`);
  const answer = element("pre");
  send.addEventListener("click", async () => {
    answer.textContent = "…";
    const options = body ? { method, body: text.value, headers: { "Content-Type": "application/json" } } : { method };
    try {
      const got = await fetch(address.value, options);
      const says = (got.headers.get("Content-Type") || "").includes("json") ? await got.text() : "(no JSON)";
      answer.textContent = `${got.status}\n${says.slice(0, MOST_SHOWN)}`;
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  return [element("p", "", [address]), ...(body ? [text] : []), send, answer];
}

/** @param {any} api @param {string} path @param {string} method @param {any} operation */
function operationOf(api, path, method, operation) {
  const body = operation.requestBody?.content["application/json"];
  const form = operation.requestBody?.content["multipart/form-data"];
  const parameters = (operation.parameters || []).map((/** @type {any} */ one) => [one.name, one.schema, one.required, one.description]);
  const streams = path.endsWith("events") || form;
  return element("details", "", [
    element("summary", "", [element("code", `${method.toUpperCase()} ${path}`), new Text(` ${operation.summary}`)]),
    element("p", operation.description || ""),
    ...(parameters.length ? [table(parameters)] : []),
    ...fields(api, (body || form)?.schema),
    ...(streams ? [] : tryIt(path, method, body)),
  ]);
}

const api = await (await fetch("openapi.json")).json();
const place = /** @type {HTMLElement} */ (document.getElementById("operations"));
/** @type {HTMLElement} */ (document.getElementById("title")).textContent = `${api.info.title} ${api.info.version}`;
/** @type {HTMLElement} */ (document.getElementById("about")).textContent = api.info.description;
place.textContent = "";
/** @type {Map<string, HTMLElement>} */
const groups = new Map();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const method of METHODS.filter((one) => one in methods)) {
    const operation = methods[method];
    const tag = operation.tags?.[0] || "other";
    const group = groups.get(tag) || element("section", "", [element("h2", tag)]);
    if (!groups.has(tag)) place.append(group);
    groups.set(tag, group);
    group.append(operationOf(api, path, method, operation));
  }
}
