import { describe, expect, it } from 'vitest';
import type { Sealed, Shelf } from '../../e2ee/vault';
import { type KeptPlan, KeptPlans } from './kept';

function shelf(): Shelf & { entries: Map<string, Sealed> } {
  const entries = new Map<string, Sealed>();
  let key: CryptoKey | null = null;
  return {
    entries,
    key: async (make) => (key ??= await make()),
    get: async (id) => entries.get(id),
    put: async (sealed) => void entries.set(sealed.id, sealed),
    delete: async (id) => void entries.delete(id),
    all: async () => [...entries.values()],
  };
}

describe('kept plans', () => {
  it('come back as they were, and lie there sealed', async () => {
    const place = shelf();
    const plans = new KeptPlans(place);
    const plan = {
      title: 'Cabinet',
      links: { a: '#v1.secret' },
      personal: { a: [{ name: 'Ben', link: '#v1.secret.one' }] },
      invited: ['ben@example.org'],
      passcode: 'blue-whale',
      byMail: true,
      controls: [],
    };

    expect(await plans.write('one', plan, 5)).toBe(true);
    expect(await plans.read('one')).toEqual(plan);
    expect(await plans.read('other')).toBeNull();
    const [sealed] = place.entries.values();
    expect(sealed?.keptAt).toBe(5);
    expect(new TextDecoder('latin1').decode(sealed?.bytes)).not.toMatch(/Cabinet|secret|example|whale/);
  });

  it('of an earlier version come back without what it did not keep', async () => {
    const place = shelf();
    const earlier = { title: null, links: {}, invited: [] } as unknown as KeptPlan;
    await new KeptPlans(place).write('one', earlier, 5);

    const without = { passcode: null, byMail: false, controls: [], personal: {} };
    expect(await new KeptPlans(place).read('one')).toEqual({ ...earlier, ...without });
  });

  it('are none where nothing can be kept', async () => {
    const broken = new KeptPlans({ ...shelf(), key: () => Promise.reject(new Error('private window')) });

    expect(
      await broken.write(
        'one',
        { title: null, links: {}, invited: [], passcode: null, byMail: false, controls: [] },
        5,
      ),
    ).toBe(false);
    expect(await broken.read('one')).toBeNull();
  });
});
