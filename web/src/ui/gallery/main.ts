// The gallery: every screen in every state, without a server. `npm run dev`, then `/src/ui/gallery/index.html`.
// For the eye and for screenshots only; it is not part of the build.

import { mount } from 'svelte';
import '../base.css';
import Gallery from './Gallery.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(Gallery, { target });
