// The service's API: one question as a stream of chunks, and the models that can be asked.

const SILENCE_MS = 60_000; // the service is never silent for 30 s; a network that went away says nothing at all

/** An answer that was refused or broke off. code: `unreachable`, `cut_off`, or the API's own; waitS: when to try again. */
export class Failure extends Error {
  constructor(code, { message = "", status = 0, waitS = null } = {}) {
    super(message);
    Object.assign(this, { code, status, waitS });
  }
}

/** Return the names that can be asked. Throws Failure. */
export async function models(key) {
  const reply = await send("v1/models", { headers: headers(key) });
  return (await reply.json()).data.map((model) => model.id);
}

/** Ask, and yield each chunk of the reply as it comes. Throws Failure, and AbortError once `signal` says so. */
export async function* ask(body, { key, signal }) {
  const reply = await send("v1/chat/completions", {
    method: "POST", signal, headers: { ...headers(key), "content-type": "application/json" }, body: JSON.stringify(body),
  });
  for await (const data of events(reply.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Failure(chunk.error.code, { message: chunk.error.message });
    yield chunk;
  }
  throw new Failure("cut_off");
}

const headers = (key) => (key ? { authorization: `Bearer ${key}` } : {});

async function send(path, options) {
  let reply;
  try {
    reply = await fetch(path, { cache: "no-store", referrerPolicy: "no-referrer", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Failure("unreachable");
  }
  if (reply.ok) return reply;
  const text = await reply.text();
  const waitS = Number(reply.headers.get("retry-after")) || null;
  const error = readError(text) ?? { code: "http_error", message: `HTTP ${reply.status}` };
  throw new Failure(error.code, { message: error.message, status: reply.status, waitS });
}

/** Return the API's error; null where a proxy in between answered in its own way. */
function readError(text) {
  try {
    return JSON.parse(text).error ?? null;
  } catch {
    return null;
  }
}

/** Yield the data of each server-sent event (HTML standard, section 9.2; the API sends `data:` lines alone). */
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await soon(reader.read());
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
    }
  } catch (error) {
    throw error.name === "AbortError" ? error : new Failure("cut_off");
  } finally {
    reader.cancel().catch(() => {}); // it has ended, or nobody reads on
  }
}

/** Wait for a piece of a reply, but not for ever. Throws Failure. */
function soon(piece) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure("cut_off")), SILENCE_MS);
  });
  return Promise.race([piece, silence]).finally(() => clearTimeout(timer));
}
