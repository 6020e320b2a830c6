"""Programs that measure speed, side by side with what others use."""
