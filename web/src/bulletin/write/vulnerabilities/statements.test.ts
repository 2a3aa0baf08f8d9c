import { describe, expect, it } from 'vitest';
import type { Json } from '../csaf';
import { remedies, scores, statusOf, withoutAt, withRemedy, withScore, withStatus } from './statements';

const found: Json = {
  cve: 'CVE-2026-0001',
  product_status: { known_affected: ['A'], recommended: ['A', 'B'] },
  remediations: [
    { category: 'workaround', details: 'Switch it off', product_ids: ['A'], date: '2026-01-01T00:00:00Z' },
  ],
};

describe('what a vulnerability says of products', () => {
  it('is one status for each product, and what the form does not say stays', () => {
    const fixed = withStatus(withStatus(found, 'A', 'fixed'), 'B', 'under_investigation');
    expect(fixed.product_status).toEqual({ fixed: ['A'], under_investigation: ['B'], recommended: ['A', 'B'] });
    expect([statusOf(fixed, 'A'), statusOf(fixed, 'B'), statusOf(fixed, 'C')]).toEqual([
      'fixed',
      'under_investigation',
      null,
    ]);
    expect(withStatus(fixed, 'A', null).product_status).toEqual({
      under_investigation: ['B'],
      recommended: ['A', 'B'],
    });
    expect(withStatus({}, 'A', null)).toEqual({});
  });

  it('is what to do, for which products; other parts of a remedy stay', () => {
    const [first] = remedies(found);
    const changed = withRemedy(found, 0, {
      ...first,
      category: 'vendor_fix',
      details: 'Update',
      url: 'https://a.example',
      products: ['A', 'B'],
    });
    expect(changed.remediations).toEqual([
      {
        category: 'vendor_fix',
        details: 'Update',
        url: 'https://a.example',
        product_ids: ['A', 'B'],
        date: '2026-01-01T00:00:00Z',
      },
    ]);
    const more = withRemedy(changed, 1, { category: 'none_available', details: 'x', url: '', products: [] });
    expect(more.remediations).toHaveLength(2);
    expect(withoutAt(withoutAt(more, 'remediations', 1), 'remediations', 0)).not.toHaveProperty('remediations');
  });

  it('is a score that follows from its vector, in the part of its version', () => {
    const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
    const scored = withScore(found, 0, { version: '3.1', vector, products: ['A'], isKnown: true });
    expect(scored.scores).toEqual([
      { cvss_v3: { version: '3.1', vectorString: vector, baseScore: 9.8, baseSeverity: 'CRITICAL' }, products: ['A'] },
    ]);
    expect(scores(scored)).toEqual([{ version: '3.1', vector, products: ['A'], isKnown: true }]);
    const old = withScore(scored, 0, {
      version: '2.0',
      vector: 'AV:N/AC:L/Au:N/C:N/I:N/A:C',
      products: ['A'],
      isKnown: true,
    });
    expect(old.scores).toEqual([
      { cvss_v2: { version: '2.0', vectorString: 'AV:N/AC:L/Au:N/C:N/I:N/A:C', baseScore: 7.8 }, products: ['A'] },
    ]);
    expect(scores({ scores: [{ cvss_v2: {}, cvss_v3: {}, products: [1] }] })).toEqual([
      { version: '3.1', vector: '', products: [], isKnown: false },
    ]);
  });
});
