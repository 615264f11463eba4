import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartQuery, formatRoute, parseRoute, withQuery } from './route.ts';

test('a fragment has parts and a query, and comes back from its route', () => {
  assert.deepEqual(parseRoute('#/run/cnVuMQ/log?tag=a%2Fb&x=wall'), {
    parts: ['run', 'cnVuMQ', 'log'],
    query: { tag: 'a/b', x: 'wall' },
  });
  for (const fragment of ['#/runs', '#/runs?show=YQ~0,Yg~3&range=1:2']) {
    const route = parseRoute(fragment);
    assert.deepEqual(parseRoute(formatRoute(route)), route);
  }
  assert.equal(formatRoute(parseRoute('#/runs?show=YQ~0,Yg~3')), '#/runs?show=YQ~0,Yg~3');
  assert.deepEqual(parseRoute(''), { parts: [], query: {} });
});

test('a text with characters of addresses comes back', () => {
  const route = { parts: ['runs'], query: { tags: 'a?b&c=d#e ü%2C,' } };
  assert.deepEqual(parseRoute(formatRoute(route)), route);
});

test('a change of the query keeps its other values, and removes undefined ones', () => {
  const route = parseRoute('#/runs?a=1&b=2');
  assert.deepEqual(withQuery(route, { a: undefined, c: '3' }).query, { b: '2', c: '3' });
});

test('links keep what the charts show, and nothing else', () => {
  const { query } = parseRoute(
    '#/run/YQ/histograms?tag=a&smooth=0.6&show=YQ~0&x=wall&range=1:2&scale=log&tags=loss',
  );
  const { tag: _, ...kept } = query;
  assert.deepEqual(chartQuery(query), kept);
});
