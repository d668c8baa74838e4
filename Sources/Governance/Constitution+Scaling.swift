// The same constitution in a deployment whose days are shorter: demonstrations and tests run the
// rules of production in seconds.

extension Constitution {
    /// The constitution with every time of every track replaced by `transform` of it. Text and
    /// digest stay: they name what was voted, not how fast its clock runs here.
    public func mappingTimes(_ transform: (UInt64) -> UInt64) -> Constitution {
        Constitution(
            tracks: tracks.map { track in
                var track = track
                track.times = TrackTimes(
                    delay: transform(track.times.delay), period: transform(track.times.period),
                    lateQuorumExtension: transform(track.times.lateQuorumExtension),
                    swingWindow: transform(track.times.swingWindow),
                    objection: transform(track.times.objection),
                    confirm: transform(track.times.confirm),
                    timelock: transform(track.times.timelock),
                    grace: transform(track.times.grace), retry: transform(track.times.retry),
                    powerAge: transform(track.times.powerAge),
                    cooldown: transform(track.times.cooldown))
                if let spending = track.spending {
                    track.spending?.windowMilliseconds = transform(spending.windowMilliseconds)
                }
                if let hidden = track.hidden {
                    track.hidden?.reveal = transform(hidden.reveal)
                }
                track.lockPeriod = transform(track.lockPeriod)
                if let expedited = track.expedited {
                    track.expedited = ExpeditedRules(
                        delay: transform(expedited.delay), period: transform(expedited.period),
                        timelock: transform(expedited.timelock), threshold: expedited.threshold)
                }
                return track
            },
            guardian: guardian.map { rules in
                GuardianRules(
                    term: transform(rules.term), delay: transform(rules.delay),
                    mayCancel: rules.mayCancel)
            }, text: text, digest: digest)
    }
}
