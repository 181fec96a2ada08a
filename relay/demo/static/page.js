"use strict";
// The page holds no state of its own but drafts: it draws whatever snapshot the server sends last,
// and adds what is new, so that nothing typed and no focus is ever lost.

const byId = (id) => document.getElementById(id);
const devices = new Map(); // name -> {root, log, drawn: Map(item id -> element), answering}
let playing = null; // id of the stage this page shows
let first = true; // the first snapshot is not news to a screen reader

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// ------------------------------------------------------------------ sending

async function send(device, member) {
  const text = device.root.querySelector(".text");
  const subject = device.root.querySelector(".subject");
  const error = device.root.querySelector(".error");
  const said = { member: member.name, text: text.value };
  if (!said.text.trim()) return;
  if (device.answering) said.reply_to = device.answering;
  else if (subject) said.subject = subject.value;
  const draft = [text.value, subject ? subject.value : "", device.answering];
  text.value = "";
  if (subject) subject.value = "";
  stopAnswering(device);
  const refusal = await post(said);
  error.hidden = !refusal;
  error.textContent = refusal || "";
  if (refusal && !text.value) {
    text.value = draft[0];
    if (subject) subject.value = draft[1];
  }
}

async function post(said, path = "/say") {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(said),
    });
    return response.ok ? null : (await response.json()).error;
  } catch {
    return "The demo does not answer.";
  }
}

function answer(device, item) {
  device.answering = item.id;
  const note = device.root.querySelector(".answering");
  note.hidden = false;
  note.querySelector("span").textContent = `Replying to ${item.author}: ${item.subject || "no subject"}`;
  device.root.querySelector(".subject").hidden = true;
  device.root.querySelector(".text").focus();
}

function stopAnswering(device) {
  device.answering = null;
  const note = device.root.querySelector(".answering");
  if (!note) return;
  note.hidden = true;
  device.root.querySelector(".subject").hidden = false;
}

// ------------------------------------------------------------------ devices

function build(member, place) {
  const mail = member.channel === "email";
  const root = byId(mail ? "inbox" : "phone").content.firstElementChild.cloneNode(true);
  const log = root.querySelector(".log");
  const device = { root, log, drawn: new Map(), answering: null };
  const heading = root.querySelector(".name");
  root.classList.add(`m${place % 5}`);
  heading.textContent = member.name;
  heading.id = `name-${place}`;
  root.setAttribute("aria-labelledby", heading.id);
  root.querySelector(".avatar").textContent = member.name.slice(0, 1);
  root.querySelector(".contact").textContent = member.contact;
  const to = root.querySelector(".write-to");
  to.textContent = member.write_to;
  to.title = member.write_to;
  log.setAttribute("aria-label", `${member.name}’s ${mail ? "mails" : "texts"}`);
  label(root, ".text", `${mail ? "Mail" : "Text"} from ${member.name} to the group`, place);
  if (mail) label(root, ".subject", `Subject of the mail from ${member.name}`, place);
  root.querySelector(".send").setAttribute("aria-label", `Send as ${member.name}`);
  listen(device, member);
  byId("devices").append(root);
  return device;
}

function label(root, selector, words, place) {
  const field = root.querySelector(selector);
  field.id = `${selector.slice(1)}-${place}`;
  const text = field.previousElementSibling;
  text.htmlFor = field.id;
  text.textContent = words;
}

function listen(device, member) {
  const form = device.root.querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(device, member);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stopAnswering(device);
    const writing = event.target.classList.contains("text");
    if (!writing || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const cancel = form.querySelector(".cancel");
  if (cancel) {
    cancel.addEventListener("click", () => {
      stopAnswering(device);
      form.querySelector(".text").focus();
    });
  }
}

function author(name, members) {
  const who = make("span", "who", name);
  const place = members.findIndex((member) => member.name === name);
  if (place >= 0) who.classList.add(`m${place % 5}`);
  return who;
}

function bubble(item, members) {
  const root = make("div", "item bubble");
  const body = make("div", "body");
  if (!item.mine && item.author) body.append(author(item.author, members), ": ");
  body.append(item.text);
  root.append(body, make("span", "clock", item.clock));
  return root;
}

function mail(item, members, device) {
  const root = make("article", "item mail");
  const top = make("div", "mail-top");
  if (item.mine) top.append(make("span", "address", "You wrote"));
  else top.append(author(item.author, members));
  top.append(make("span", "clock", item.clock));
  root.append(top);
  if (item.subject) root.append(make("div", "subject-shown", item.subject));
  root.append(make("div", "body", item.text));
  if (!item.mine) root.append(foot(item, device));
  return root;
}

function foot(item, device) {
  const root = make("div", "mail-foot");
  const reply = make("button", "reply", "Reply");
  reply.type = "button";
  reply.setAttribute("aria-label", `Reply to ${item.author}: ${item.subject || "no subject"}`);
  reply.addEventListener("click", () => answer(device, item));
  const mark = make("span", item.signed ? "mark" : "mark none", item.signed ? "✓ signed" : "not signed");
  mark.title = item.signed
    ? "Carries a valid DKIM signature of the relay’s domain"
    : "Carries no valid DKIM signature of the sender’s domain";
  root.append(reply, mark);
  return root;
}

function drawItems(device, member, members) {
  const fresh = [];
  for (const item of member.items) {
    let element = device.drawn.get(item.id);
    if (!element) {
      element = member.channel === "sms" ? bubble(item, members) : mail(item, members, device);
      element.classList.toggle("mine", item.mine);
      device.drawn.set(item.id, element);
      device.log.append(element);
      fresh.push(item);
    }
    element.classList.toggle("failed", item.failed);
  }
  if (fresh.length) device.log.scrollTop = device.log.scrollHeight;
  return fresh.filter((item) => !item.mine);
}

// ------------------------------------------------------------------ the clock

let sky = null; // {now, at, home}: what the clock showed, in ms, and when we heard it

const shownTime = (ms, zone) =>
  new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
const city = (zone) => zone.split("/").pop().replaceAll("_", " ");

function setSky(state) {
  sky = { now: state.now, at: performance.now(), home: state.home, members: state.members };
  tick();
}

// Called each second too: the clock runs.
function tick() {
  if (!sky) return;
  const now = sky.now + performance.now() - sky.at;
  const day = new Date(now).toLocaleDateString("en-GB", { weekday: "short", timeZone: sky.home });
  byId("now").textContent = `${day} ${shownTime(now, sky.home)}`;
  byId("home").textContent = `${city(sky.home)}, where the group is`;
  for (const member of sky.members) drawHours(devices.get(member.name).root, member, now);
}

function drawHours(root, member, now) {
  const asleep = member.asleep_until !== null && member.asleep_until > now;
  root.classList.toggle("night", asleep);
  root.querySelector(".local").textContent = `${shownTime(now, member.zone)} ${city(member.zone)}`;
  const until = asleep ? `☾ until ${shownTime(member.asleep_until, member.zone)}` : "";
  const waits = member.waiting && asleep ? `${member.waiting} held` : "";
  root.querySelector(".rest").textContent = [until, waits].filter(Boolean).join(" · ");
}

function drawNights(members) {
  const asleep = members.filter((member) => member.asleep_until !== null);
  const waiting = asleep.reduce((sum, member) => sum + member.waiting, 0);
  const names = asleep.map((member) => member.name).join(", ").replace(/, ([^,]*)$/, " and $1");
  const verb = asleep.length === 1 ? "is" : "are";
  byId("moon").textContent = asleep.length ? "☾" : "☀";
  byId("nights").textContent = asleep.length
    ? `${names} ${verb} left alone. ${waiting ? `${plural(waiting, "copy waits", "copies wait")} until the night is over.` : "What you write waits for the end of the night."}`
    : "Everybody is awake: what you write arrives at once.";
}

async function move(wish) {
  const refusal = await post(wish, "/clock");
  byId("sky-error").hidden = !refusal;
  byId("sky-error").textContent = refusal || "";
}

for (const button of document.querySelectorAll("#moves button[type=button]")) {
  button.addEventListener("click", () => {
    const { minutes, to } = button.dataset;
    move(minutes ? { minutes: Number(minutes) } : { to });
  });
}
byId("moves").addEventListener("submit", (event) => {
  event.preventDefault();
  move({ to: byId("to").value });
});
setInterval(tick, 1000);

// ------------------------------------------------------------------ what the relay holds

const plural = (number, noun, nouns) => `${number} ${number === 1 ? noun : nouns}`;

function drawHeld(state) {
  const parts = [];
  if (state.bodies) parts.push(plural(state.bodies, "message", "messages"));
  if (state.copies) parts.push(plural(state.copies, "copy", "copies"));
  const words = state.empty ? "nothing" : parts.join(", ");
  byId("held-words").textContent = words;
  byId("pulse").querySelector("b").textContent = words;
  const slips = byId("slips");
  while (slips.children.length < Math.min(Math.max(4, state.copies), 24)) slips.append(make("span", "slip"));
  if (state.empty) while (slips.children.length > 4) slips.lastChild.remove();
  [...slips.children].forEach((slip, at) => slip.classList.toggle("full", at < state.copies));
  byId("held-list").replaceChildren(...rows(state.held, ""));
}

// Whatever the inventory says is shown: numbers and words, nested or not.
function rows(value, name) {
  if (Array.isArray(value)) return value.length ? [row(name, `${value.length}`)] : [];
  if (value !== null && typeof value === "object") {
    return Object.entries(value).flatMap(([key, inner]) => rows(inner, name ? `${name}, ${key}` : key));
  }
  if (value === null || value === undefined || value === "") return [];
  const seconds = name.endsWith("_seconds");
  const shown = typeof value === "number" && !Number.isInteger(value) ? value.toFixed(1) : `${value}`;
  return [row(seconds ? name.slice(0, -8) : name, seconds ? `${shown} s` : shown)];
}

function row(name, value) {
  const root = make("div");
  const words = name.replaceAll("_", " ");
  root.append(make("dt", "", words.charAt(0).toUpperCase() + words.slice(1)), make("dd", "", value));
  return root;
}

function drawTrail(trail) {
  byId("trail-none").hidden = trail.length > 0;
  byId("trail").replaceChildren(
    ...trail.map((entry) => {
      const line = make("li");
      line.append(make("b", "", entry.who));
      entry.steps.forEach((step, at) => {
        const last = entry.done && at === entry.steps.length - 1;
        const words = make("span", "step");
        words.append(make("span", last ? "done" : "", last ? `${step} ✓` : step));
        line.append(words);
      });
      return line;
    }),
  );
}

function drawSees(state) {
  byId("sees").replaceChildren(
    ...state.members.map((member, place) => {
      const line = make("li");
      const who = make("span", `who m${place % 5}`, member.name);
      line.append("The others see ", who, ", never ", make("span", "never", member.contact));
      return line;
    }),
  );
  const check = byId("check");
  const leaks = state.leaks.length;
  check.classList.toggle("leak", leaks > 0);
  const sound = state.received === 0 ? "" : `Looked through ${plural(state.received, "received message", "received messages")}, raw and decoded: no real contact in any.`;
  check.textContent = leaks ? `Leaked: ${state.leaks.join("; ")}.` : sound;
}

// ------------------------------------------------------------------ news

// One message arrives on four devices at once; it is said once, with the names of all who got it.
let waiting = new Map();

function announce(name, items) {
  if (first) return;
  for (const item of items) {
    const words = `${item.author ? `${item.author}: ` : ""}${item.text}`;
    if (!waiting.size) setTimeout(speak, 900);
    waiting.set(words, [...(waiting.get(words) || []), name]);
  }
}

function speak() {
  byId("announcer").textContent = [...waiting].map(([words, names]) => `${names.join(", ")} received ${words}`).join(". ");
  waiting = new Map();
}

function draw(state) {
  if (playing !== state.stage) {
    byId("devices").replaceChildren();
    devices.clear();
    playing = state.stage;
    first = true;
    state.members.forEach((member, place) => devices.set(member.name, build(member, place)));
  }
  for (const member of state.members) {
    announce(member.name, drawItems(devices.get(member.name), member, state.members));
  }
  setSky(state);
  drawNights(state.members);
  drawHeld(state);
  drawTrail(state.trail);
  drawSees(state);
  first = false;
}

const events = new EventSource("/events");
events.addEventListener("message", (event) => draw(JSON.parse(event.data)));
events.addEventListener("open", () => { byId("lost").hidden = true; });
events.addEventListener("error", () => { byId("lost").hidden = false; });
