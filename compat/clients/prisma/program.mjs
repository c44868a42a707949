// Prisma's client without an engine (@prisma/adapter-pg); what it prints is compared.
import { createRequire } from "node:module";
import { PrismaPg } from "@prisma/adapter-pg";

const { PrismaClient, Prisma } = createRequire(import.meta.url)("./generated/index.js");
const adapter = () => new PrismaPg({ connectionString: process.env.DATABASE_URL });
const db = new PrismaClient({ adapter: adapter() });

function shown(value) {
  return JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v instanceof Uint8Array ? `bytes ${[...v]}` : v));
}

function say(value) {
  console.log(typeof value === "string" ? value : shown(value));
}

async function step(name, body) {
  console.log(`== ${name}`);
  try {
    await body();
  } catch (error) {
    fault(error);
  }
}

function fault(error) {
  const last = String(error.message).trim().split("\n").at(-1);
  say(`error ${error.constructor.name} ${error.code ?? ""} ${shown(error.meta ?? null).replace(/"timeTaken":\d+/, '"timeTaken":0')} ${last.replace(/\d+ ms passed/, "… ms passed")}`);
}

async function fails(work) {
  try {
    await work();
    say("no error");
  } catch (error) {
    fault(error);
  }
}

const at = new Date("2020-02-29T01:02:03.456Z");

await step("create", async () => {
  say(await db.author.create({ data: { name: "Ann", mail: "a@x", mood: "SAD", born: new Date("1990-01-02"), profile: { create: { id: "00000000-0000-0000-0000-000000000001", text: "hi" } },
    books: { create: [{ title: "One", price: "12.50", pages: 7, score: 1.5, sold: 2n ** 50n, out: at, reads: new Date("1970-01-01T12:34:56Z"), cover: Buffer.from([0, 255]), doc: { a: [1, null, "ü"] }, tags: ["x", "y,z"], numbers: [1, 2], moods: ["SAD", "HAPPY"],
      labels: { create: [{ word: "red" }, { word: "blue" }] } }, { title: "Two", out: at, labels: { connect: { word: "red" } } }] } }, include: { profile: true, books: { include: { labels: { orderBy: { word: "asc" } } }, orderBy: { id: "asc" } } } }));
  say(await db.author.createMany({ data: [{ name: "Bob" }, { name: "Cid" }, { name: "Ann" }], skipDuplicates: true }));
  say(await db.author.createManyAndReturn({ data: [{ name: "Dan" }, { name: "Eve", mood: "SAD" }], select: { id: true, name: true, mood: true } }));
  for (let n = 0; n < 30; n++) await db.book.create({ data: { title: `b${n}`, pages: n, price: n / 4, out: at, authorId: (n % 3) + 1, tags: [`t${n % 4}`], doc: { n } } });
});

await step("read", async () => {
  say(await db.book.findUnique({ where: { id: 1n } }));
  say(await db.book.findUnique({ where: { title_authorId: { title: "One", authorId: 1 } }, select: { title: true, author: { select: { name: true } } } }));
  say(await db.book.findFirst({ where: { title: { startsWith: "b1" } }, orderBy: { pages: "desc" } }));
  await fails(() => db.book.findUniqueOrThrow({ where: { id: 9999n } }));
  say(await db.book.findMany({ where: { pages: { gte: 3, lt: 9 }, NOT: { title: { in: ["b4", "b5"] } }, OR: [{ author: { name: "Ann" } }, { author: { is: { mood: "HAPPY" } } }] }, orderBy: [{ pages: "asc" }, { id: "desc" }], select: { title: true, pages: true } }));
  say(await db.book.findMany({ where: { tags: { has: "t1" } }, take: 3, skip: 1, orderBy: { id: "asc" }, select: { title: true, tags: true } }));
  say(await db.book.findMany({ where: { tags: { hasSome: ["x", "t2"] }, numbers: { isEmpty: false } }, select: { title: true } }));
  say(await db.book.findMany({ where: { doc: { path: ["n"], equals: 7 } }, select: { title: true } }));
  say(await db.book.findMany({ where: { doc: { path: ["a"], array_contains: [1] } }, select: { title: true } }));
  say(await db.book.findMany({ where: { title: { contains: "B2", mode: "insensitive" } }, orderBy: { title: "asc" }, select: { title: true } }));
  say(await db.book.findMany({ cursor: { id: 5n }, take: 3, skip: 1, orderBy: { id: "asc" }, select: { id: true } }));
  say(await db.book.findMany({ cursor: { id: 5n }, take: -2, orderBy: { id: "asc" }, select: { id: true } }));
  say(await db.book.findMany({ distinct: ["authorId"], orderBy: { authorId: "asc" }, select: { authorId: true } }));
  say(await db.author.findMany({ where: { books: { some: { pages: { gt: 20 } } } }, orderBy: { id: "asc" }, include: { _count: { select: { books: true } } } }));
  say(await db.author.findMany({ where: { books: { none: {} } }, orderBy: { id: "asc" }, select: { name: true } }));
  say(await db.author.findMany({ where: { books: { every: { active: true } }, profile: { isNot: null } }, select: { name: true } }));
  say(await db.author.findMany({ orderBy: [{ books: { _count: "desc" } }, { name: "asc" }], select: { name: true }, take: 2 }));
  say(await db.label.findMany({ orderBy: { word: "asc" }, include: { books: { orderBy: { id: "asc" }, select: { title: true } } } }));
  say(await db.book.findMany({ where: { price: { in: ["0.25", "12.5"] }, out: { lte: at } }, orderBy: { id: "asc" }, select: { price: true, out: true } }));
});

await step("aggregate", async () => {
  say(await db.book.count());
  say(await db.book.count({ select: { _all: true, price: true, doc: true } }));
  say(await db.book.aggregate({ _sum: { pages: true, price: true, sold: true }, _avg: { pages: true, price: true }, _min: { out: true, title: true }, _max: { price: true }, _count: true }));
  say(await db.book.groupBy({ by: ["authorId"], _count: { _all: true }, _sum: { pages: true }, having: { pages: { _avg: { gt: 2 } } }, orderBy: { authorId: "asc" } }));
  say(await db.author.groupBy({ by: ["mood"], _count: true, orderBy: { mood: "asc" } }));
});

await step("write", async () => {
  say(await db.book.update({ where: { id: 1n }, data: { price: { increment: 1.25 }, pages: { multiply: 2 }, tags: { push: "new" }, labels: { disconnect: { word: "blue" }, connectOrCreate: { where: { word: "green" }, create: { word: "green" } } } }, include: { labels: { orderBy: { word: "asc" } } } }));
  say(await db.book.updateMany({ where: { pages: { lt: 3 } }, data: { active: false } }));
  say(await db.book.updateManyAndReturn({ where: { title: { in: ["b1", "b2"] } }, data: { score: 2.5 }, select: { title: true, score: true } }));
  say(await db.author.upsert({ where: { name: "Zoe" }, create: { name: "Zoe" }, update: { mood: "SAD" } }));
  say(await db.author.upsert({ where: { name: "Zoe" }, create: { name: "Zoe" }, update: { mood: "SAD" } }));
  say(await db.author.update({ where: { id: 1 }, data: { books: { updateMany: { where: { title: "b0" }, data: { title: "zero" } }, deleteMany: { title: "Two" } }, profile: { update: { text: "new" } } }, include: { profile: true } }));
  say(await db.book.delete({ where: { id: 3n }, select: { id: true, title: true } }));
  say(await db.book.deleteMany({ where: { pages: { gt: 27 } } }));
  say(await db.book.update({ where: { id: 4n }, data: { doc: Prisma.DbNull, cover: null, author: { disconnect: true } } }));
  say(await db.author.delete({ where: { name: "Eve" } }));
});

await step("errors", async () => {
  await fails(() => db.author.create({ data: { name: "Ann" } }));
  await fails(() => db.book.create({ data: { title: "x", authorId: 12345 } }));
  await fails(() => db.author.create({ data: { name: "x".repeat(50) } }));
  await fails(() => db.book.update({ where: { id: 99999n }, data: { title: "x" } }));
  await fails(() => db.book.create({ data: { title: "x", pages: 40000 } }));
  await fails(() => db.$queryRaw`SELECT 1/0`);
  await fails(() => db.$queryRaw`SELECT * FROM absent`);
  await fails(() => db.$queryRaw`SELEC 1`);
  await fails(() => db.$executeRaw`INSERT INTO authors (name) VALUES (NULL)`);
});

await step("transactions", async () => {
  say((await db.$transaction([db.author.create({ data: { name: "T1" } }), db.author.count()]))[0].name);
  await fails(() => db.$transaction([db.author.create({ data: { name: "T2" } }), db.author.create({ data: { name: "T1" } })]));
  say(await db.author.count({ where: { name: "T2" } }));
  await fails(() => db.$transaction(async (tx) => { await tx.author.create({ data: { name: "T3" } }); throw new Error("stop"); }));
  say(await db.author.count({ where: { name: "T3" } }));
  for (const isolationLevel of ["ReadCommitted", "RepeatableRead", "Serializable"]) {
    say(await db.$transaction((tx) => tx.$queryRaw`SHOW transaction_isolation`, { isolationLevel }));
  }
  await fails(() => db.$transaction(async (a) => {
    await a.author.count();
    await db.author.update({ where: { name: "Bob" }, data: { mail: "b@x" } });
    await a.author.update({ where: { name: "Bob" }, data: { mail: "c@x" } });
  }, { isolationLevel: "RepeatableRead" }));
  await fails(() => db.$transaction(async (tx) => { await tx.$queryRaw`SELECT 1 FROM pg_sleep(2)`; }, { timeout: 400 }));
  say(await Promise.all([...Array(20).keys()].map((n) => db.$queryRaw`SELECT ${n}::int AS n`)));
});

await step("raw", async () => {
  say(await db.$queryRaw`SELECT 1::int2 AS a, 2::int8 AS b, 1.50::numeric AS c, 1.5::float8 AS d, true AS e, 'x'::text AS f, '\\x00ff'::bytea AS g, date '2020-02-29' AS h, time '01:02:03' AS i, timestamptz '2020-02-29 01:02:03Z' AS j, timestamp '2020-02-29 01:02:03' AS k,
    '{"a":1}'::jsonb AS l, ARRAY[1, 2] AS m, ARRAY['a', NULL] AS n, 'SAD'::"Mood" AS o, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS p, NULL::int AS q, inet '10.0.0.1' AS r, 'c'::char AS s, 5::oid AS t, 'v'::varchar AS u, B'10'::varbit AS v`);
  say(await db.$queryRaw(Prisma.sql`SELECT title FROM books WHERE pages = ANY(${[5, 6]}) AND title LIKE ${"b%"} ORDER BY ${Prisma.raw("title")}`));
  say(await db.$executeRaw`UPDATE books SET score = ${1.25} WHERE author_id = ${2}`);
  say(await db.$queryRawUnsafe("SELECT $1::text || $2::text AS joined", "a", "b"));
  say(await db.$queryRaw`SELECT ${at}::timestamptz AS at, ${Prisma.join([1, 2, 3])} `.catch((error) => error.code));
});

await db.$disconnect();
