// Those who change things: users through admission, users past it while the gate is down, strangers, and
// machines that die.
#pragma once

struct world;

// The fleet as it is declared at the start.
void driver_begin(struct world *world);
// One random change, now.
void driver_change(struct world *world);
// The last changes: everything is to be able to come to rest. What is refused may stay refused.
void driver_end(struct world *world);
// What was in the way of it then, and is not any more.
void driver_end_again(struct world *world);

// Changes by strangers: driver_stranger.c.
void driver_meddle(struct world *world);
void driver_write_status(struct world *world);
void driver_touch_finalizers(struct world *world);
void driver_take_name(struct world *world);
void driver_delete_record(struct world *world);
void driver_free_names(struct world *world);
