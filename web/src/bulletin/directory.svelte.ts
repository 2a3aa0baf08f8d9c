// As whom somebody reads, and who else takes part, as far as they are told.

import { ask, Refused } from '../admin/api';
import type {
  BulletinReader,
  BulletinRole,
  MemberOrganisation,
  MemberOrganisations,
  Membership,
  Memberships,
  OrganisationId,
  SharingGroup,
  SharingGroups,
  UserId,
} from '../protocol/messages';

export class Directory {
  reader = $state.raw<BulletinReader | null>(null);
  organisations = $state.raw<MemberOrganisation[]>([]);
  groups = $state.raw<SharingGroup[]>([]);
  /** People of the own organisation; for administrators of the server, of all. */
  memberships = $state.raw<Membership[]>([]);

  /** Asks for all of it. Throws `Refused`. */
  async load(): Promise<void> {
    this.reader = await ask<BulletinReader>('GET', 'bulletin/me');
    // Who is of no organisation, and no administrator of the server, is told of nobody.
    await allowed(async () => {
      this.organisations = (await ask<MemberOrganisations>('GET', 'bulletin/organisations')).organisations;
      this.memberships = (await ask<Memberships>('GET', 'bulletin/memberships')).memberships;
      this.groups = (await ask<SharingGroups>('GET', 'bulletin/groups')).groups;
    });
  }

  get own(): MemberOrganisation | null {
    return this.reader?.organisation ?? null;
  }

  may(...roles: BulletinRole[]): boolean {
    return roles.some((role) => this.reader?.roles.includes(role));
  }

  organisation(id: OrganisationId): string {
    return this.organisations.find((one) => one.id === id)?.name ?? '';
  }

  person(id: UserId): string {
    return this.memberships.find((one) => one.user === id)?.name ?? '';
  }

  /** People of an organisation, by name. */
  peopleOf(organisation: OrganisationId): Membership[] {
    return this.memberships.filter((one) => one.organisation === organisation);
  }
}

async function allowed(task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (!(error instanceof Refused && error.rule === 'BULLETIN.ROLE')) throw error;
  }
}
