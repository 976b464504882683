import { expect, test } from 'vitest';
import { documentFor } from './preview';

test.each([
  ['<!doctype html><html><head><title>a</title></head>', /<head><meta http-equiv/],
  ['<!doctype html><html lang="en"><body>', /<html lang="en"><meta http-equiv/],
  ['<!doctype html><p>bare', /^<!doctype html><meta http-equiv/],
  ['<p>bare', /^<meta http-equiv/],
])('the policy comes first in %j', (html, shape) => {
  const made = documentFor(html);
  expect(made).toMatch(shape);
  expect(made.replace(/<meta http-equiv[^>]*>/, '')).toBe(html);
});
