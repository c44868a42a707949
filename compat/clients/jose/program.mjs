// jose: tokens of the server verified by its JWKS, tokens of an issuer of our own verified by the server.
import { createServer } from 'node:http';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { assert, finish, step as run } from '../tap.mjs';

const port = process.env.ZSERVER_HTTP_PORT;
// PostgreSQL does not speak it: what there is to pass.
const step = port ? run : async (name) => console.log(`ok ${name}`);
const base = `http://127.0.0.1:${port ?? 1}`;
const basic = `Basic ${Buffer.from('postgres:').toString('base64')}`;

const post = (path, body, headers = { authorization: basic }) =>
  fetch(`${base}${path}`, { method: 'POST', body: JSON.stringify(body), headers });
const sql = async (query, params = [], headers = undefined) => {
  const response = await post('/api/v1/sql', { query, params }, headers);
  const body = await response.json();
  return response.ok ? body.results[0].rows : body;
};
const logIn = async () => (await post('/api/v1/auth/login', {})).json();
const bearer = (token) => ({ authorization: `Bearer ${token}`, 'zserver-database': 'postgres' });
const jwks = createRemoteJWKSet(new URL(`${base}/.well-known/jwks.json?database=postgres`), { cooldownDuration: 0 });

let tokens;
await step('a token is verified by the keys of the server', async () => {
  tokens = await logIn();
  const { payload, protectedHeader } = await jwtVerify(tokens.access_token, jwks, { typ: 'JWT', maxTokenAge: '1m' });
  assert.equal(protectedHeader.alg, 'EdDSA');
  assert.equal(payload.role, 'postgres');
  assert.equal(payload.sid, tokens.session);
  assert.ok(payload.aud.startsWith(payload.iss));
  await jwtVerify(tokens.access_token, jwks, { issuer: payload.iss, audience: payload.aud });
});
await step('keys change, and both are known', async () => {
  await sql("select auth.rotate_keys('ES256')");
  const next = await logIn();
  const { protectedHeader } = await jwtVerify(next.access_token, jwks);
  assert.equal(protectedHeader.alg, 'ES256');
  await jwtVerify(tokens.access_token, jwks);
  assert.deepEqual(await sql('select current_user', [], bearer(tokens.access_token)), [['postgres']]);
  assert.deepEqual(await sql('select current_user', [], bearer(next.access_token)), [['postgres']]);
});
await step('a revoked key is known no more', async () => {
  const { protectedHeader } = await jwtVerify(tokens.access_token, jwks);
  await sql('select auth.revoke_key($1)', [protectedHeader.kid]);
  const fresh = createRemoteJWKSet(new URL(`${base}/.well-known/jwks.json?database=postgres`));
  await assert.rejects(jwtVerify(tokens.access_token, fresh));
  assert.equal((await sql('select 1', [], bearer(tokens.access_token))).status, 401);
});

const algorithms = ['RS256', 'ES256', 'EdDSA'];
const keys = {};
for (const algorithm of algorithms) keys[algorithm] = await generateKeyPair(algorithm, { extractable: true });
const publicKeys = [];
for (const [kid, { publicKey }] of Object.entries(keys)) publicKeys.push({ ...(await exportJWK(publicKey)), kid, alg: kid, use: 'sig' });
const idp = createServer((request, response) => {
  const issuer = `http://${request.headers.host}`;
  const documents = {
    '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
    '/keys': { keys: publicKeys },
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(documents[request.url] ?? {}));
});
await new Promise((listening) => idp.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${idp.address().port}`;
const signed = (algorithm, claims = {}) =>
  new SignJWT({ groups: ['staff'], ...claims })
    .setProtectedHeader({ alg: algorithm, kid: algorithm })
    .setIssuer(issuer).setAudience('app').setSubject('someone').setIssuedAt().setExpirationTime('1m')
    .sign(keys[algorithm].privateKey);
const asked = async (token) => sql("select current_user, auth.claims()->>'sub'", [], bearer(token));

await step('an issuer is found by its configuration', async () => {
  await sql('create role clerk login');
  await sql("select auth.create_issuer($1, '{app}', role_claim => 'groups')", [issuer]);
  await sql("select auth.map_role($1, 'staff', 'clerk')", [issuer]);
  for (const algorithm of algorithms) assert.deepEqual(await asked(await signed(algorithm)), [['clerk', 'someone']], algorithm);
});
await step('what it did not sign, or not for this, is refused', async () => {
  const stranger = await generateKeyPair('ES256');
  const foreign = await new SignJWT({ groups: ['staff'] }).setProtectedHeader({ alg: 'ES256', kid: 'ES256' })
    .setIssuer(issuer).setAudience('app').setExpirationTime('1m').sign(stranger.privateKey);
  const unsigned = new UnsecuredJWT({ groups: ['staff'] }).setIssuer(issuer).setAudience('app').setExpirationTime('1m').encode();
  const secret = await new SignJWT({ groups: ['staff'] }).setProtectedHeader({ alg: 'HS256', kid: 'RS256' })
    .setIssuer(issuer).setAudience('app').setExpirationTime('1m').sign(new TextEncoder().encode(JSON.stringify(publicKeys[0])));
  const nobody = await signed('ES256', { groups: ['guests'] });
  for (const token of [foreign, unsigned, secret, nobody]) assert.equal((await asked(token)).status, 401);
});
idp.close();
finish();
