import { describe, expect, it } from 'vitest';
import { routeOf } from './address';

const meeting = 'aibaeaqc'.repeat(4);
const secret = 'AQEBAQEBAQEBAQEBAQEBAQ';
const key = 'B'.repeat(43);

describe('address', () => {
  it('an invite link is a call with its secret', () => {
    expect(routeOf(`/m/${meeting}`, `#v1.${secret}`)).toEqual({ page: 'call', meeting, secret });
  });

  it('after a reload, or with another fragment, there is no secret', () => {
    for (const fragment of ['', '#', '#v2.x', `#${secret}`]) {
      expect(routeOf(`/m/${meeting}`, fragment)).toEqual({ page: 'call', meeting, secret: null });
    }
  });

  it('the link that the server printed brings a creation key', () => {
    expect(routeOf('/new', `#${key}`)).toEqual({ page: 'new', right: { by: 'key', key } });
    expect(routeOf('/new', '#short')).toEqual({ page: 'new', right: null });
  });

  it('who is signed in makes a meeting as that', () => {
    expect(routeOf('/new', '#signed-in')).toEqual({ page: 'new', right: { by: 'session' } });
  });

  it('anything else is the start page', () => {
    for (const path of ['/', '/m/', '/m/short', `/m/${meeting}/x`, '/newer']) {
      expect(routeOf(path, `#v1.${secret}`)).toEqual({ page: 'start' });
    }
  });
});
